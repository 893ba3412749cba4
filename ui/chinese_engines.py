"""What the core says of engines and their models, in Simplified Chinese."""

from __future__ import annotations

_FAULTS = {
    "it found no end in {seconds} s": "{seconds} 秒内没有结束",
    "it lasts only {seconds} s for {n} sounds": "{n} 个音只有 {seconds} 秒",
    "it lasts {seconds} s for {n} sounds": "{n} 个音长达 {seconds} 秒",
    "it repeats itself for {seconds} s": "有 {seconds} 秒在重复",
    "its sound repeats itself for {seconds} s": "声音有 {seconds} 秒在重复",
    "it begins with {seconds} s of the reference": "开头有 {seconds} 秒参考录音的内容",
    "it is silent": "没有声音",
    "it is silent for {seconds} s": "有 {seconds} 秒静音",
    "{percent} % of it is silent": "其中 {percent} % 是静音",
}
"""What an engine's own check found; several stand with commas between."""

ENGINES = {
    # Choosing a model
    "{engine} has no models to choose from.": "{engine} 没有可选的模型。",
    "Leave the model out.": "请不要指定模型。",
    "There is no {engine} model on this computer ({problem}).": (
        "本机没有 {engine} 的模型（{problem}）。"
    ),
    "There is no {engine} model on this computer.": "本机没有 {engine} 的模型。",
    "Put its files into {folder}, or download the public ones.": (
        "请把模型文件放入 {folder}，或下载公开的模型。"
    ),
    "The model “{name}” lacks {parts}.": "模型“{name}”缺少 {parts}。",
    "Put it into {folder}, or download it.": "请将其放入 {folder}，或下载。",
    "{engine} has no model called “{name}”.": "{engine} 没有名为“{name}”的模型。",
    "Its models: {names}.": "它的模型：{names}。",
    # Downloads
    "There is nothing to download for “{engine}”.": "“{engine}”没有可下载的内容。",
    "There is no “{name}” to download.": "没有可下载的“{name}”。",
    "A download is running.": "正在下载。",
    "Wait for its end, or stop it first.": "请等待结束，或先停止它。",
    "Chinese HuBERT base (hears the reference)": "Chinese HuBERT base（聆听参考录音）",
    "Chinese RoBERTa large (reads Chinese)": "Chinese RoBERTa large（阅读中文）",
    "ERes2NetV2 (knows speakers; for v2Pro and v2ProPlus)": (
        "ERes2NetV2（识别说话人；v2Pro 和 v2ProPlus 需要）"
    ),
    "GPT-SoVITS {version}, official voice": "GPT-SoVITS {version} 官方声音",
    # The doctor
    "Models of {engine}": "{engine} 的模型",
    "{n} can be loaded: {names} and {more} more": "可加载 {n} 个：{names} 等（另有 {more} 个）",
    "{n} can be loaded: {names}": "可加载 {n} 个：{names}",
    "“{name}” lacks {parts}": "“{name}”缺少 {parts}",
    "none is in {folder}; the built-in engine works without one": (
        "{folder} 中没有模型；内置引擎不需要模型"
    ),
    "Run: python app.py download --engine {engine}": (
        "请运行：python app.py download --engine {engine}"
    ),
    "Take it out of {folder}, or put a whole file there.": (
        "请将其移出 {folder}，或换成完整的文件。"
    ),
    # GPT-SoVITS: its files
    "“{name}” in {folder} is no vocabulary that can be read.": (
        "{folder} 中的“{name}”不是可读取的词表。"
    ),
    "Download it again.": "请重新下载。",
    "The vocabulary of RoBERTa has no {token}: it is of another model.": (
        "RoBERTa 的词表中没有 {token}：它属于别的模型。"
    ),
    "Choose the folder chinese-roberta-wwm-ext-large.": (
        "请选择 chinese-roberta-wwm-ext-large 文件夹。"
    ),
    "RoBERTa's tokeniser is not in {folder}: neither tokenizer.json nor vocab.txt.": (
        "{folder} 中没有 RoBERTa 的分词器：既无 tokenizer.json 也无 vocab.txt。"
    ),
    "Download the folder chinese-roberta-wwm-ext-large again.": (
        "请重新下载 chinese-roberta-wwm-ext-large 文件夹。"
    ),
    "The two files are of different families: one writes {a} tokens of {b} phones, the other "
    "reads {c} of {d}.": (
        "两个文件不属于同一系列：一个写出 {a} 种记号（{b} 个音素），另一个读取 {c} 种（{d} 个）。"
    ),
    "Choose an s1 and an s2 of the same version.": "请选择同一版本的 s1 和 s2。",
    "HuBERT hears {n} features, the synthesiser reads {wanted}.": (
        "HuBERT 给出 {n} 个特征，而合成器需要 {wanted} 个。"
    ),
    "Choose the folder chinese-hubert-base.": "请选择 chinese-hubert-base 文件夹。",
    "RoBERTa has {n} features, the semantic model reads {wanted}.": (
        "RoBERTa 有 {n} 个特征，而语义模型需要 {wanted} 个。"
    ),
    "Chinese is read with a network that is not here. {why}": "朗读中文所需的网络不在本机。{why}",
    "Download chinese-roberta-wwm-ext-large, or choose another language.": (
        "请下载 chinese-roberta-wwm-ext-large，或选择其他语言。"
    ),
    "GPT-SoVITS has no model to speak with.": "GPT-SoVITS 没有可用的模型。",
    "Download one, or name the folder where yours are: --models DIR.": (
        "请下载一个，或用 --models DIR 指定您的模型所在的文件夹。"
    ),
    "The model “{name}” cannot be loaded: {parts} was not found.": (
        "无法加载模型“{name}”：找不到 {parts}。"
    ),
    "Download it, or put it beside the model.": "请下载，或将其放在模型旁边。",
    "“{name}” is not {part}.": "“{name}”不是{part}。",
    "The model “{name}” has no {part}.": "模型“{name}”没有{part}。",
    "the semantic model (.ckpt)": "语义模型（.ckpt）",
    "the synthesiser (.pth)": "合成器（.pth）",
    "the speaker network": "说话人网络",
    "{name} wants {n} channels divided into {heads} heads.": (
        "{name} 要把 {n} 个通道分成 {heads} 个头。"
    ),
    "{name} is no semantic model of GPT-SoVITS: it has no table “{table}”.": (
        "{name} 不是 GPT-SoVITS 的语义模型：没有“{table}”。"
    ),
    "Semantic models are the files that end in .ckpt.": "语义模型是以 .ckpt 结尾的文件。",
    "The decoder in this file has {n} levels, not {wanted}.": (
        "此文件中的解码器有 {n} 级，而不是 {wanted} 级。"
    ),
    "Choose the SoVITS file (.pth) of a voice of version v1, v2, v2Pro or v2ProPlus.": (
        "请选择 v1、v2、v2Pro 或 v2ProPlus 声音的 SoVITS 文件（.pth）。"
    ),
    "This file is no synthesiser of GPT-SoVITS: it lacks “{name}”.": (
        "此文件不是 GPT-SoVITS 的合成器：缺少“{name}”。"
    ),
    "This file is no synthesiser of GPT-SoVITS: “{name}” is {shape}.": (
        "此文件不是 GPT-SoVITS 的合成器：“{name}”为 {shape}。"
    ),
    # GPT-SoVITS: speaking
    "The reference lasts {seconds} s; a voice is taken from {least} to {most} s.": (
        "参考录音有 {seconds} 秒；需要 {least} 到 {most} 秒。"
    ),
    "Choose a longer stretch of speech.": "请选择更长的一段语音。",
    "The reference lasts {seconds} s; at most {most} s are listened to.": (
        "参考录音有 {seconds} 秒；最多聆听 {most} 秒。"
    ),
    "Choose its best ten seconds.": "请选择其中最好的十秒。",
    "The reference lasts {seconds} s, too little to hear a voice in.": (
        "参考录音只有 {seconds} 秒，太短，听不出声音的特点。"
    ),
    "Choose {least} to {most} seconds of speech.": "请选择 {least} 到 {most} 秒的语音。",
    "Trim it to its best part.": "请截取其中最好的一段。",
    "No voice is heard in the reference: its loudest sample is {peak} of full scale.": (
        "参考录音中听不到声音：最响处只有满刻度的 {peak}。"
    ),
    "No voice is heard in further recording {n}: its loudest sample is {peak} of full scale.": (
        "第 {n} 段补充录音中听不到声音：最响处只有满刻度的 {peak}。"
    ),
    "Further recording {n} lasts {seconds} s; a voice is heard in {least} s or more.": (
        "第 {n} 段补充录音只有 {seconds} 秒；至少需要 {least} 秒。"
    ),
    "Leave it out, or choose a longer one.": "请去掉它，或选择更长的录音。",
    "Choose a stretch of clear speech.": "请选择一段清晰的语音。",
    "The model gave no sound that can be heard for one segment, twice.": (
        "模型对某一段两次都没有给出可听见的声音。"
    ),
    "Try another seed, or full precision.": "请换一个种子，或使用全精度。",
    "Nothing in “{text}…” can be said in this language.": "“{text}…”无法用此语言读出。",
    "Choose the language that the text is in.": "请选择文字所用的语言。",
    "There is no word to say in this text.": "这段文字中没有可读的词。",
    "There is no language '{code}' for GPT-SoVITS.": "GPT-SoVITS 没有语言“{code}”。",
    "Choose one of {codes}, or a later model.": "请选择 {codes} 之一，或换用较新的模型。",
    "Choose one of {codes}.": "请选择 {codes} 之一。",
    "may sound wrong: {faults}": "可能不对：{faults}",
    "second try; of the first, {faults}": "这是第二次尝试；第一次{faults}",
    # GPT-SoVITS: features of a folder
    "There is no device {device} here.": "这里没有设备 {device}。",
    "Use --device auto.": "请使用 --device auto。",
    "Its features are not numbers in {n} of {all} places.": (
        "它的特征在 {all} 处中有 {n} 处不是数。"
    ),
    "Leave it out.": "请不要使用它。",
    "Hearing {seconds} s takes {needed}; {free} may be used.": (
        "聆听 {seconds} 秒需要 {needed}，而可用 {free}。"
    ),
    "Close other programs, allow more (--memory-cap), or cut the recording.": (
        "请关闭其他程序、允许更多内存（--memory-cap），或截短录音。"
    ),
    "There are no recordings in {folder}.": "{folder} 中没有录音。",
    "Choose another folder.": "请选择其他文件夹。",
    "Another run is writing to {folder}.": "另一次运行正在写入 {folder}。",
    "Wait for it, or choose another.": "请等它结束，或选择其他文件夹。",
    "There is no folder {folder}.": "没有文件夹 {folder}。",
    "Check the first argument.": "请检查第一个参数。",
    "{name} is a file, not a folder.": "{name} 是文件，不是文件夹。",
    "Choose another one for results.": "请为结果另选一个。",
    "Recordings and results have the same folder.": "录音与结果是同一个文件夹。",
    "HuBERT's weights (the folder chinese-hubert-base) are not in {folder}.": (
        "{folder} 中没有 HuBERT 的权重（chinese-hubert-base 文件夹）。"
    ),
    "Download a model of GPT-SoVITS, which brings them, or give --models DIR.": (
        "请下载 GPT-SoVITS 的模型（其中包含），或用 --models DIR 指定。"
    ),
    "The process that hears ended {n} times in a row; the last time, on “{name}”, it {fallen}.": (
        "聆听进程连续 {n} 次中止；最后一次在“{name}”上：{fallen}。"
    ),
    "Close other programs, or look at these files; the same command goes on.": (
        "请关闭其他程序，或检查这些文件；同一命令会继续。"
    ),
    "It is a device or a pipe, not a file.": "它是设备或管道，不是文件。",
    "It has {size} GiB; at most {most} GiB are read.": "它有 {size} GiB；最多读取 {most} GiB。",
    "Cut it into sentences of 2 to 15 seconds.": "请把它切成 2 到 15 秒的句子。",
    "Cut it into sentences.": "请把它切成句子。",
    "Check its rights.": "请检查其权限。",
    "{folder} cannot be written to: {error}.": "无法写入 {folder}：{error}。",
    "Free some space there, or choose another folder.": "请在那里腾出空间，或选择其他文件夹。",
    "The process that hears {fallen} while it was loading HuBERT.": (
        "聆听进程在加载 HuBERT 时中止：{fallen}。"
    ),
    "Close other programs and try again.": "请关闭其他程序后重试。",
    "{n} of its {all} samples are not numbers.": "{all} 个采样中有 {n} 个不是数。",
    "It lasts {seconds} s; less than {least} s is no speech.": (
        "它只有 {seconds} 秒；不足 {least} 秒不成语音。"
    ),
    "Its peak is {peak} times full scale; up to {most} can be used.": (
        "它的峰值是满刻度的 {peak} 倍；最多可用 {most} 倍。"
    ),
    "Turn it down and export it again.": "请调低音量后重新导出。",
    "It is silent: its peak is {peak} of full scale.": "它没有声音：峰值只有满刻度的 {peak}。",
    "It holds no sound: 0 samples could be decoded.": "其中没有声音：解码得到 0 个采样。",
    "It lasts more than {seconds} s.": "它超过 {seconds} 秒。",
    **{f"{english}, {{more}}": f"{chinese}，{{more}}" for english, chinese in _FAULTS.items()},
    **_FAULTS,
}
