"""What the core says of public models, their files and their download, in Simplified Chinese."""

from __future__ import annotations

MODELS = {
    # Files of models
    "There are no weights in {folder}.": "{folder} 中没有模型权重。",
    "Download the folder again.": "请重新下载此文件夹。",
    "“{name}” has changed since it was found.": "“{name}”在查找之后已被更改。",
    "Look for models again.": "请重新查找模型。",
    "“{name}” knows {n} phones; models of v1 know 322 or 512, those since v2 732.": (
        "“{name}”有 {n} 个音素；v1 的模型有 322 或 512 个，v2 及以后有 732 个。"
    ),
    "“{name}” is a part of a model: its table of phones is missing.": (
        "“{name}”只是模型的一部分：缺少音素表。"
    ),
    "“{name}” is a checkpoint, but none of GPT-SoVITS.": (
        "“{name}”是模型文件，但不属于 GPT-SoVITS。"
    ),
    "“{name}” is of version {version} (a LoRA addition): Timbre speaks with v1, v2, v2Pro and "
    "v2ProPlus; v3 and v4 come later.": (
        "“{name}”属于 {version}（LoRA 附加文件）：Timbre 目前支持 v1、v2、v2Pro 和 v2ProPlus，"
        "v3 和 v4 将在以后支持。"
    ),
    "“{name}” is of version {version}: Timbre speaks with v1, v2, v2Pro and v2ProPlus; v3 and v4 "
    "come later.": (
        "“{name}”属于 {version}：Timbre 目前支持 v1、v2、v2Pro 和 v2ProPlus，"
        "v3 和 v4 将在以后支持。"
    ),
    "The search stopped after {n} entries and {files} model files: give a folder that holds only "
    "models.": "查找在 {n} 个条目、{files} 个模型文件后停止：请指定只存放模型的文件夹。",
    "The folder {folder} cannot be read ({error}).": "无法读取文件夹 {folder}（{error}）。",
    "it is packed, as torch never does": "它被压缩过，而 torch 从不压缩",
    "it says it holds more than its own size": "它声称的内容超过了文件本身的大小",
    "it is damaged or cut": "它已损坏或不完整",
    "it is empty": "它是空的",
    "it was written before torch 1.6": "它由 torch 1.6 之前的版本写成",
    "it is neither a safetensors nor a torch file": "它既不是 safetensors 文件，也不是 torch 文件",
    "it holds no table of tensors": "其中没有张量表",
    "it has no list of contents, or one of absurd size": "它没有内容列表，或列表大得离谱",
    "its list of contents is damaged or made up": "它的内容列表已损坏或是伪造的",
    "its directory is of absurd size": "它的目录大得离谱",
    "it wants to run code of its own ({name})": "它想运行自带的代码（{name}）",
    "g2pW is here, but the package onnxruntime is not: Chinese characters with several readings "
    "are read by phrases.": "g2pW 已在本机，但缺少软件包 onnxruntime：多音字按词语读音。",
    "g2pW could not be asked: Chinese characters with several readings are read by phrases.": (
        "无法使用 g2pW：多音字按词语读音。"
    ),
    "g2pW (reads Chinese better; not needed)": "g2pW（更准确地读中文多音字；可选）",
    # Downloads
    "There is nothing called “{name}” to download.": "没有名为“{name}”的下载项。",
    "There is: {names}.": "可下载：{names}。",
    "“{address}” is not an address that models can be downloaded from.": (
        "“{address}”不是可以下载模型的地址。"
    ),
    "{name} is “{value}”, which is not the address of a site.": (
        "{name} 为“{value}”，不是网站地址。"
    ),
    "Give one that begins with https://, such as https://huggingface.co.": (
        "请填写以 https:// 开头的地址，例如 https://huggingface.co。"
    ),
    "The proxy that this computer is set to cannot be used ({error}).": (
        "无法使用本机设置的代理（{error}）。"
    ),
    "Look at the variables HTTPS_PROXY and ALL_PROXY.": "请检查变量 HTTPS_PROXY 和 ALL_PROXY。",
    "{host} sends more than the {n} bytes that “{name}” should have.": (
        "{host} 发送的内容超过了“{name}”应有的 {n} 字节。"
    ),
    "Try again later, or download from another address (the setting hub_endpoint).": (
        "请稍后再试，或从其他地址下载（设置项 hub_endpoint）。"
    ),
    "Try again, or download from another address (the setting hub_endpoint).": (
        "请重试，或从其他地址下载（设置项 hub_endpoint）。"
    ),
    "{host} sends on and on, {n} times.": "{host} 连续重定向了 {n} 次。",
    "{host} sends on to {other} without encryption ({scheme}), which is not followed.": (
        "{host} 重定向到未加密的 {other}（{scheme}），因此没有继续。"
    ),
    "{host} does not have “{name}” (404).": "{host} 没有“{name}”（404）。",
    "{host} does not give “{name}” away ({status}).": "{host} 拒绝提供“{name}”（{status}）。",
    "{host} answers {status} instead of a file.": "{host} 返回了 {status}，而不是文件。",
    "{host} answered {status}, {n} times in a row.": "{host} 连续 {n} 次返回 {status}。",
    "The connection to {host} broke {n} times in a row ({error}).": (
        "与 {host} 的连接连续中断 {n} 次（{error}）。"
    ),
    "What has come is kept: try again when the network is better.": (
        "已下载的部分会保留：请在网络好转后重试。"
    ),
    "{host} cannot be reached: this computer seems to be offline.": (
        "无法连接 {host}：本机似乎没有联网。"
    ),
    "Check the network, or download from another address (the setting hub_endpoint).": (
        "请检查网络，或从其他地址下载（设置项 hub_endpoint）。"
    ),
    "{host} offers another “{name}” than the one that was published ({n} bytes instead of "
    "{wanted}).": "{host} 提供的“{name}”与发布的不同（{n} 字节，应为 {wanted}）。",
    "Nothing was fetched. Download from the hub's own address (the setting hub_endpoint).": (
        "没有下载任何内容。请从官方地址下载（设置项 hub_endpoint）。"
    ),
    "“{name}” arrived damaged: its checksum is {found}…, not {wanted}…. It was thrown away.": (
        "“{name}”下载后已损坏：校验和为 {found}…，应为 {wanted}…。已将其丢弃。"
    ),
    "“{name}” cannot be unpacked: {why}.": "无法解压“{name}”：{why}。",
    "Try again, or put its files there by hand.": "请重试，或手动把其中的文件放到那里。",
    "Another download into {folder} is running.": "另一个下载正在写入 {folder}。",
    "Wait until it has ended.": "请等它结束。",
    "The download ended by a fault of Timbre's own.": "下载因 Timbre 自身的错误而中止。",
}
