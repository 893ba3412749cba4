"""Sentences of the core in Chinese: English pattern with its figures, and the translation.

The core speaks English with the numbers already in place. What is not listed is shown as it is.
"""

from __future__ import annotations

import re
from functools import cache

CHINESE = {
    # Reading a recording
    "There is no such file.": "没有这个文件。",
    "Check the name.": "请检查文件名。",
    "This file cannot be opened.": "无法打开此文件。",
    "Check its name and its rights.": "请检查文件名和权限。",
    "This is a folder, not a recording.": "这是文件夹，不是录音。",
    "Choose one file in it.": "请选择其中的一个文件。",
    "This file is empty (0 bytes).": "此文件是空的（0 字节）。",
    "This file may not be read by you.": "您没有读取此文件的权限。",
    "This is not a sound file that can be read.": "这不是可以读取的声音文件。",
    "This file holds no sound.": "此文件中没有声音。",
    "This file holds no sound: 0 samples could be decoded.": (
        "此文件中没有声音：解码得到 0 个采样。"
    ),
    "Use a recording such as WAV, MP3, M4A, FLAC, OGG or WebM.": (
        "请使用 WAV、MP3、M4A、FLAC、OGG 或 WebM 等格式的录音。"
    ),
    "This file has {size} GiB; at most {most} GiB are read.": (
        "此文件有 {size} GiB；最多读取 {most} GiB。"
    ),
    "Cut out some minutes of speech and use those.": "请截取几分钟的语音再使用。",
    "The sound in this file has a coding that is not known here{codec}.": (
        "此文件的音频编码无法识别{codec}。"
    ),
    "Convert it to WAV or MP3 with another program.": "请用其他程序转换为 WAV 或 MP3。",
    "This file has {rate} samples per second; {least} to {most} can be a recording of a voice.": (
        "此文件每秒有 {rate} 个采样；人声录音应在 {least} 到 {most} 之间。"
    ),
    "Record again, or convert it to 44100 Hz.": "请重新录音，或转换为 44100 Hz。",
    "This file has {n} channels; 1 to {most} can be mixed.": (
        "此文件有 {n} 个声道；最多可混合 {most} 个。"
    ),
    "Save the channel with the voice as a mono file.": "请把含有人声的声道另存为单声道文件。",
    "{bad} of the first {n} samples are not numbers: the file is broken.": (
        "前 {n} 个采样中有 {bad} 个不是数字：文件已损坏。"
    ),
    "Export it again from the program that made it.": "请用制作它的程序重新导出。",
    "The first {n} minutes of this file are silent.": "此文件的前 {n} 分钟没有声音。",
    "Cut the silence off, or check that the right microphone was recording.": (
        "请剪掉静音部分，或检查是否用对了麦克风。"
    ),
    "This file took longer than {seconds} s.": "读取此文件超过了 {seconds} 秒。",
    "This file could not be worked through: the decoder {said}.": "无法处理此文件：解码器中止。",
    "This file needs more memory than it may.": "此文件需要的内存超过了允许的上限。",
    "Only the first {n} hours were read.": "只读取了前 {n} 小时。",
    "After {at} s it is silent for {n} minutes; the rest was left out.": (
        "第 {at} 秒之后有 {n} 分钟静音；其余部分已略去。"
    ),
    "The file is damaged or cut off; what could be read was kept.": (
        "文件已损坏或不完整；保留了可以读取的部分。"
    ),
    "The sound changes its format on the way; what comes after was left out.": (
        "声音的格式中途改变；之后的部分已略去。"
    ),
    "{n} samples were not numbers and are silent now.": "{n} 个采样不是数字，已改为静音。",
    "Its loudest sample is {n} times full scale; it was turned down.": (
        "最大采样是满幅的 {n} 倍；已调低音量。"
    ),
    # Keeping a part of it
    "This recording is {seconds} s long; at least {least} s are needed.": (
        "此录音长 {seconds} 秒；至少需要 {least} 秒。"
    ),
    "Record about {seconds} s of one person speaking.": "请录制一个人说话约 {seconds} 秒。",
    "Nobody speaks in these {seconds} s.": "这 {seconds} 秒里没有人说话。",
    "Check that the right microphone was recording, or choose another file.": (
        "请检查是否用对了麦克风，或选择其他文件。"
    ),
    "Only {said} s of these {seconds} s are speech; no stretch of {least} to {most} s holds"
    " {needed} s of it.": (
        "这 {seconds} 秒里只有 {said} 秒是语音；没有哪段 {least} 到 {most} 秒的片段"
        "含有 {needed} 秒语音。"
    ),
    "{start} s to {stop} s is not inside the recording (0 s to {end} s).": (
        "{start} 秒到 {stop} 秒不在录音之内（0 秒到 {end} 秒）。"
    ),
    "Move the span.": "请移动片段。",
    "The span is {seconds} s long; {engine} takes {least} to {most} s.": (
        "片段长 {seconds} 秒；{engine} 需要 {least} 到 {most} 秒。"
    ),
    "Make it longer.": "请加长。",
    "Make it shorter.": "请缩短。",
    "This recording is no longer in the cache.": "此录音已不在缓存中。",
    "Drop it in again.": "请重新拖入。",
    "The copy of this recording is gone (the cache was emptied).": (
        "录音的副本已不存在（缓存被清空）。"
    ),
    "Add it once more.": "请重新添加。",
    # Voices
    "The voice needs a name.": "请给声音起个名称。",
    "Type what you want to call it.": "请输入名称。",
    "There is no such voice; it may have been deleted.": "没有这个声音，可能已被删除。",
    "Choose another.": "请选择其他声音。",
    "The sound of the voice “{name}” is gone from the disk or damaged.": (
        "声音“{name}”的录音已从磁盘消失或损坏。"
    ),
    "Make the voice again from its recording.": "请用原录音重新制作。",
    "“{language}” is not a language code.": "“{language}”不是语言代码。",
    # Text
    "There is no text to speak.": "没有要朗读的文字。",
    "Type or paste something to read aloud.": "请输入或粘贴要朗读的文字。",
    "The text has {n} characters; at most {most} can be read at once.": (
        "文字有 {n} 个字符；一次最多朗读 {most} 个。"
    ),
    "Split it into parts and speak one after the other.": "请分成几部分，逐一朗读。",
    "Left out {n} broken characters (half of a surrogate pair).": "略去了 {n} 个损坏的字符。",
    "Left out {n} broken character (half of a surrogate pair).": "略去了 {n} 个损坏的字符。",
    "Left out {n} invisible characters (control, direction or zero width).": (
        "略去了 {n} 个不可见字符。"
    ),
    "Left out {n} invisible character (control, direction or zero width).": (
        "略去了 {n} 个不可见字符。"
    ),
    "1 segment holds nothing to say (signs or emoji alone): a pause instead.": (
        "1 段没有可读的内容（只有符号或表情）：改为停顿。"
    ),
    "{n} segments hold nothing to say (signs or emoji alone): a pause instead.": (
        "{n} 段没有可读的内容（只有符号或表情）：改为停顿。"
    ),
    "Some text looks like {language}, which this engine does not speak: read as {other}.": (
        "部分文字像是 {language}，此引擎不支持：按 {other} 朗读。"
    ),
    # Jobs
    "There is no such job; it may have been deleted.": "没有这个任务，可能已被删除。",
    "Nothing of this job is finished yet.": "此任务还没有完成任何一段。",
    "Wait for the first piece.": "请等待第一段完成。",
    "Another Timbre is working on this job.": "另一个 Timbre 正在处理此任务。",
    "Wait until it has finished, or stop it there.": "请等它完成，或在那边停止。",
    "The file needs up to {n} MiB and the disk has {free} MiB free.": (
        "文件最多需要 {n} MiB，磁盘剩余 {free} MiB。"
    ),
    "Free some space and save again; the pieces are kept.": "请腾出空间后再保存；各段都已保留。",
    "The disk took no more of the file that was being written.": "磁盘已满，文件无法继续写入。",
    "Free some space and try again.": "请腾出空间后重试。",
    "The engine failed {n} times before it spoke. {reason}": (
        "引擎在发声前失败了 {n} 次。{reason}"
    ),
    "Close other programs and try again; engine.log in the log folder tells more.": (
        "请关闭其他程序后重试；日志文件夹中的 engine.log 有更多信息。"
    ),
    "Something in Timbre went wrong (incident {number}).": (
        "Timbre 内部出错（事件编号 {number}）。"
    ),
    "Try again; the log tells more.": "请重试；日志中有更多信息。",
}  # fmt: skip

_FIGURE = re.compile(r"\\{(\w+)\\}")


@cache
def _patterns() -> tuple[tuple[re.Pattern[str], str], ...]:
    return tuple(
        (re.compile(_FIGURE.sub(r"(?P<\1>.*?)", re.escape(english))), chinese)
        for english, chinese in CHINESE.items()
    )


def in_chinese(sentence: str) -> str:
    """The Chinese of a sentence of the core, its figures kept; as it is where it is not known."""
    for pattern, chinese in _patterns():
        found = pattern.fullmatch(sentence)
        if found:
            return chinese.format(**found.groupdict())
    return sentence
