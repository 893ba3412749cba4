"""Every sentence the page shows, in English and Simplified Chinese.

`say` fills in figures. Sentences that the core makes (errors, notes) arrive in English with their
numbers in place: `translated` turns those it knows into Chinese and leaves the others as they are.
"""

from __future__ import annotations

from collections.abc import Mapping

from core.audio.samples import Note
from ui.sentences import in_chinese

LANGUAGES = {"en": "English", "zh": "中文"}
"""Languages of the page, each by its own name."""

SPOKEN = {
    "ar": "العربية", "be": "Беларуская", "bg": "Български", "ca": "Català", "cs": "Čeština",
    "da": "Dansk", "de": "Deutsch", "el": "Ελληνικά", "en": "English", "eo": "Esperanto",
    "es": "Español", "et": "Eesti", "eu": "Euskara", "fa": "فارسی", "fi": "Suomi",
    "fr": "Français", "he": "עברית", "hi": "हिन्दी", "hr": "Hrvatski", "hu": "Magyar",
    "id": "Bahasa Indonesia", "it": "Italiano", "ja": "日本語", "ka": "ქართული", "ko": "한국어",
    "ky": "Кыргызча", "lt": "Lietuvių", "lv": "Latviešu", "mk": "Македонски", "ms": "Bahasa Melayu",
    "nb": "Norsk", "nl": "Nederlands", "no": "Norsk", "pl": "Polski", "pt": "Português",
    "ro": "Română", "ru": "Русский", "sk": "Slovenčina", "sl": "Slovenščina", "sq": "Shqip",
    "sr": "Српски", "sv": "Svenska", "sw": "Kiswahili", "ta": "தமிழ்", "te": "తెలుగు", "th": "ไทย",
    "tk": "Türkmençe", "tr": "Türkçe", "tt": "Татарча", "uk": "Українська", "ur": "اردو",
    "uz": "Oʻzbekcha", "vi": "Tiếng Việt", "zh": "中文", "yue": "粵語",
}  # fmt: skip
"""Languages to speak in, each by its own name, by ISO 639 code."""

WORDS: dict[str, tuple[str, str]] = {
    # Frame
    "tab_voice": ("Voice", "声音"),
    "tab_speak": ("Speak", "朗读"),
    "tab_models": ("Models", "模型"),
    "tab_monitor": ("Monitor", "监视"),
    "language_of_page": ("Language of this page", "页面语言"),
    "offline": (
        "Timbre does not answer. If you closed it, start it again: this page finds it by itself.",
        "Timbre 没有响应。如果您关闭了它，请重新启动，本页会自动恢复。",
    ),
    "bug": (
        "Something went wrong inside Timbre (incident {number}). What was finished is kept.",
        "Timbre 内部出错（事件编号 {number}）。已完成的内容都已保存。",
    ),
    "bug_hint": (
        "Try once more; if it comes back, report it with this number: the log holds the details.",
        "请再试一次；如果仍然出错，请附上此编号报告问题：日志中有详细信息。",
    ),
    # Voice: the recording
    "drop": (
        "Drop a recording here, or click: audio or video, any format",
        "把录音拖到这里，或点击选择：音频或视频，任何格式",
    ),
    "record": ("or record with the microphone", "或用麦克风录音"),
    "demo": ("Try it with the demo voice", "用示例声音试一试"),
    "voice_empty": (
        "A few seconds of one person speaking are enough; the best part is found by itself. "
        "Nothing leaves this computer.",
        "只要有一个人说话的几秒钟录音就够了；最好的片段会自动找出。任何内容都不会离开这台电脑。",
    ),
    "wave_empty": ("The waveform of your recording appears here", "录音的波形将显示在这里"),
    "wave_help": ("Drag across the waveform to choose another part", "在波形上拖动可选择其他片段"),
    "wave_alt": (
        "Waveform of {seconds}; the kept part runs from {start} to {stop}",
        "{seconds} 的波形；保留的片段从 {start} 到 {stop}",
    ),
    "legend_kept": ("kept", "保留"),
    "legend_speech": ("speech", "语音"),
    "legend_other": ("other proposals", "其他候选"),
    "window": ("Which part to keep", "保留哪一段"),
    "window_best": ("Best", "最佳"),
    "window_second": ("Second", "第二"),
    "window_third": ("Third", "第三"),
    "window_hand": ("By hand", "手动选择"),
    "start_s": ("From (s)", "起点（秒）"),
    "stop_s": ("To (s)", "终点（秒）"),
    "kept": ("What is kept", "保留的片段"),
    "kept_empty": (
        "The part that is kept, and why, appears here.",
        "保留的片段及其理由将显示在这里。",
    ),
    "kept_line": ("{seconds}, from {start} to {stop}", "{seconds}，从 {start} 到 {stop}"),
    "measured": (
        "{codec}, {rate} kHz · loudness {loudness}",
        "{codec}，{rate} kHz · 响度 {loudness}",
    ),
    "span_backwards": (
        "The part ends at {stop} s, before it begins at {start} s.",
        "片段的终点 {stop} 秒早于起点 {start} 秒。",
    ),
    "span_backwards_hint": ("Make “To” larger than “From”.", "请让终点大于起点。"),
    "listen_kept": ("Listen to the kept part", "试听保留的片段"),
    "no_recording": ("There is no recording yet.", "还没有录音。"),
    "no_recording_hint": (
        "Drop a file above, record yourself, or take the demo voice.",
        "请在上方拖入文件、录音，或使用示例声音。",
    ),
    # Voice: making it
    "transcript": (
        "What is said in the kept part (makes the voice better)",
        "保留片段的原文（能让声音更像）",
    ),
    "transcript_hint": (
        "Word for word, only the kept part. May stay empty.",
        "逐字填写，只写保留的片段。可以留空。",
    ),
    "reference_language": ("Language of the recording", "录音的语言"),
    "name": ("Name of the voice", "声音的名称"),
    "consent": (
        "This is my own voice, or the person it belongs to has agreed that I use it.",
        "这是我自己的声音，或者声音的主人已同意我使用。",
    ),
    "use": ("Use this voice", "使用这个声音"),
    # Voice: further recordings
    "further": (
        "More recordings of the same speaker (optional)",
        "同一说话人的更多录音（可选）",
    ),
    "further_drop": (
        "Drop them here, or click: the best seconds of each are used",
        "拖到这里，或点击选择：每段录音会自动取最好的几秒",
    ),
    "further_line": ("{kept} kept of {all}", "从 {all} 中保留 {kept}"),
    "further_remove": ("Take {name} away", "去掉 {name}"),
    "further_unheard": (
        "{engine} listens to one recording: the further ones ({n}) are left out.",
        "{engine} 只聆听一段录音：其余补充录音（{n} 段）不会使用。",
    ),
    "further_of_voice": ("and {n} more: {names}", "另有 {n} 段：{names}"),
    "further_of_voice_unheard": (
        "{engine} listens to the first recording of this voice alone, not to the {n} further ones.",
        "{engine} 只聆听这个声音的第一段录音，不使用另外 {n} 段。",
    ),
    "why_recording": ("First choose a recording.", "请先选择录音。"),
    "why_problem": (
        "This recording cannot be used; the reason is shown above.",
        "此录音无法使用，原因见上方。",
    ),
    "why_consent": ("Tick the line above to go on.", "请勾选上面一行后继续。"),
    "why_name": ("Give the voice a name to go on.", "请先给声音起个名称。"),
    "voice_ready": (
        "{name} is ready. Type a text and press Speak.",
        "“{name}”已就绪。请输入文字，然后按“朗读”。",
    ),
    # Voice: the library
    "library": ("Your voices", "我的声音"),
    "library_empty": (
        "No voice yet: make one above, or take the demo voice.",
        "还没有声音：请在上方制作，或使用示例声音。",
    ),
    "voice_facts": (
        "{seconds} · {language} · made {date}",
        "{seconds} · {language} · 制作于 {date}",
    ),
    "new_name": ("New name", "新名称"),
    "rename": ("Rename", "重命名"),
    "delete": ("Delete", "删除"),
    "sure": ("Yes, delete it for good", "是的，永久删除"),
    "keep": ("Keep it", "保留"),
    "renamed": ("Now called {name}.", "已改名为“{name}”。"),
    "deleted": ("Deleted: {name}.", "已删除：{name}。"),
    "unknown_language": ("language not said", "未注明语言"),
    # Speak
    "voice": ("Voice", "声音"),
    "text": ("Text", "文字"),
    "text_placeholder": (
        "Type or paste what is to be spoken: a line or a whole book.",
        "输入或粘贴要朗读的文字：一句话或一整本书都可以。",
    ),
    "examples": ("Example texts", "示例文字"),
    "plan_empty": ("Type a text, or take an example.", "请输入文字，或选用示例。"),
    "plan_no_voice": ("First make a voice in the Voice tab.", "请先在“声音”页制作一个声音。"),
    "plan_line": (
        "{n} segments · about {time} of sound · {language}",
        "{n} 段 · 约 {time}的语音 · {language}",
    ),
    "plan_line_one": (
        "1 segment · about {time} of sound · {language}",
        "1 段 · 约 {time}的语音 · {language}",
    ),
    "plan_fits": ("Memory: {told}", "内存：{told}"),
    "speak": ("Speak", "朗读"),
    "stop": ("Stop", "停止"),
    "pace": ("Voice and pace", "音色与语速"),
    "speech_language": ("Language of the text", "文字的语言"),
    "auto": ("Automatic", "自动识别"),
    "seed": ("Seed", "种子"),
    "seed_help": (
        "The same seed gives the same sound; another one, a small variation.",
        "相同的种子得到相同的声音；换一个会略有变化。",
    ),
    "defaults": ("Back to the defaults", "恢复默认"),
    # Speak: the engine
    "engine": ("Engine", "引擎"),
    "model": ("Model", "模型"),
    "engine_gone": (
        "This text was spoken by “{engine}”, which is not here; {instead} is chosen instead.",
        "此文本由“{engine}”朗读，该引擎不在这里；已改选 {instead}。",
    ),
    "model_gone": (
        "This text was spoken with the model “{name}”, which is not here any more; the first that "
        "can be used is chosen instead.",
        "此文本使用模型“{name}”朗读，该模型已不在这里；已改选第一个可用的模型。",
    ),
    "model_lacks": ("{name} (lacks {parts})", "{name}（缺少 {parts}）"),
    "model_none": (
        "{engine} needs a model, and none is on this computer yet. "
        "The built-in engine works meanwhile.",
        "{engine}需要模型，而本机还没有。在此期间可以使用内置引擎。",
    ),
    "model_not_whole": (
        "This model cannot speak yet: it lacks {parts}.",
        "此模型还不能朗读：缺少 {parts}。",
    ),
    "get_models": ("Get a model", "获取模型"),
    "refresh": ("Look again", "重新查看"),
    # Models
    "models_help": (
        "Public models are fetched from the internet once, and only when you press Download. "
        "Your recordings and texts stay on this computer.",
        "公开模型只在您按“下载”时从互联网获取一次。您的录音和文字始终留在这台电脑上。",
    ),
    "models_here": ("On this computer", "本机已有"),
    "models_none": ("No model of {engine} yet.", "还没有{engine}的模型。"),
    "models_public": ("Public, to download", "可下载的公开模型"),
    "models_yours": ("Models of your own", "您自己的模型"),
    "models_own": (
        "Put their files into this folder, in folders of their own if you like, "
        "and press “Look again”:",
        "把文件放入此文件夹（也可放在其子文件夹中），然后按“重新查看”：",
    ),
    "models_problem": ("1 file cannot be used", "1 个文件无法使用"),
    "models_problems": ("{n} files cannot be used", "{n} 个文件无法使用"),
    "lacks": ("lacks {parts}", "缺少 {parts}"),
    "roughly": ("about", "约"),
    "fetched": ("here", "已下载"),
    "fetched_part": ("{size} of it here", "已有 {size}"),
    "fetch_what": ("What to download", "下载什么"),
    "fetch_is_here": ("{title} (here)", "{title}（已下载）"),
    "fetch_wishes": ("With what only some languages need", "包括仅部分语言需要的部分"),
    "fetch_go": ("Download", "下载"),
    "fetch_size": (
        "{left} to fetch of {all} with all that it needs; {free} free on the disk.",
        "连同所需部分共 {all}，还需下载 {left}；磁盘剩余 {free}。",
    ),
    "fetch_with": ("It comes with: {names}.", "一并下载：{names}。"),
    "fetch_no_room": ("That is too little room.", "空间不足。"),
    "fetch_all_here": ("All of it is here.", "已全部下载。"),
    "fetch_of": ("{done} of {all}", "{done} / {all}"),
    "fetch_speed": ("{size} a second", "每秒 {size}"),
    "fetch_running": ("Downloading {name}", "正在下载 {name}"),
    "fetch_stopped": (
        "Stopped. What has come is kept; “Download” goes on from there.",
        "已停止。已下载的部分已保存；按“下载”可继续。",
    ),
    "fetch_failed": (
        "The download could not go on; what has come is kept.",
        "下载无法继续；已下载的部分已保存。",
    ),
    "fetch_done": ("{name} is here", "{name} 已下载"),
    "fetch_from": ("Download from another address", "从其他地址下载"),
    "fetch_address": ("Address of the hub or a mirror of it", "模型站或其镜像的地址"),
    "fetch_address_help": (
        "For networks that do not reach huggingface.co. Wherever it comes from, it is checked "
        "against known checksums. Leave it empty for huggingface.co.",
        "用于无法访问 huggingface.co 的网络。无论来自哪里，都会按已知的校验和检查。"
        "留空则使用 huggingface.co。",
    ),
    "fetch_address_save": ("Save", "保存"),
    "fetch_address_saved": (
        "Saved: the next download asks {address}.",
        "已保存：下次下载将使用 {address}。",
    ),
    "copies_take": (
        "Copies of models that load faster take {size} on the disk.",
        "用于快速加载的模型副本占用磁盘 {size}。",
    ),
    "copies_take_in_use": (
        "Copies of models that load faster take {size} on the disk; {used} of that is in use.",
        "用于快速加载的模型副本占用磁盘 {size}，其中 {used} 正在使用。",
    ),
    "copies_clear": ("Remove the copies", "删除副本"),
    # Job
    "job_empty": (
        "The sound appears here. It can be heard as soon as the first segment is finished.",
        "语音将出现在这里。第一段完成后就可以收听。",
    ),
    "job_waiting": ("Waiting for another job to finish", "正在等待其他任务完成"),
    "job_starting": ("Getting the voice ready", "正在准备声音"),
    "job_running": ("Speaking", "正在朗读"),
    "job_stopping": ("Stopping", "正在停止"),
    "job_stopped": (
        "Stopped. What is finished is kept; “Go on” takes it up again.",
        "已停止。完成的部分已保存；按“继续”可接着进行。",
    ),
    "job_done": ("Done", "完成"),
    "job_failed": ("It could not go on", "无法继续"),
    "job_failed_hint": (
        "Finished segments are kept; “Go on” tries the rest again.",
        "完成的部分已保存；按“继续”可重试其余部分。",
    ),
    "job_count": ("{done} of {all} segments", "{done} / {all} 段"),
    "job_left": ("about {time} left", "约剩 {time}"),
    "job_remarks": ("{n} remarks", "{n} 条说明"),
    "job_remark": ("1 remark", "1 条说明"),
    "job_speed": ("{speed} × real time", "{speed} 倍实时"),
    "job_sound": ("{time} of sound", "{time} 语音"),
    "go_on": ("Go on", "继续"),
    "listen": ("Listen", "收听"),
    "pause": ("Pause", "暂停"),
    "from_start": ("From the start", "从头播放"),
    "position": ("Position", "位置"),
    "next_piece": ("waiting for the next segment", "等待下一段"),
    "pieces": ("Segments", "分段"),
    "piece_play": ("Play from here", "从这里播放"),
    "piece_waiting": ("waiting", "等待"),
    "piece_making": ("in work", "进行中"),
    "piece_silent": ("a pause", "停顿"),
    "no_sound": ("The sound could not be played: {reason}", "无法播放语音：{reason}"),
    # Saving
    "save_as": ("Save as", "另存为"),
    "format": ("Format", "格式"),
    "format_wav": ("WAV: exact, for editing", "WAV：无损，适合编辑"),
    "format_flac": ("FLAC: exact, half the size", "FLAC：无损，大小减半"),
    "format_mp3": ("MP3: small, plays everywhere", "MP3：小巧，到处可播"),
    "format_ogg": ("Ogg Vorbis: small and free", "Ogg Vorbis：小巧而自由"),
    "format_opus": ("Opus: smallest", "Opus：最小"),
    "lufs": ("Loudness (LUFS)", "响度（LUFS）"),
    "lufs_help": (
        "−16 for podcasts, −18 for audio books, −23 for broadcast.",
        "播客 −16，有声书 −18，广播 −23。",
    ),
    "save": ("Save", "保存"),
    "saved": ("{name}: {time}, {loudness}, peak {peak}", "{name}：{time}，{loudness}，峰值 {peak}"),
    "download": ("Download {name}", "下载 {name}"),
    "save_empty": (
        "There is nothing to save yet: press Speak first.",
        "还没有可保存的内容：请先按“朗读”。",
    ),
    # Jobs
    "jobs": ("Earlier texts", "以往的文字"),
    "job_choose": ("Choose one", "选择一项"),
    "open": ("Open", "打开"),
    "state_waiting": ("waiting", "等待中"),
    "state_running": ("running", "进行中"),
    "state_stopped": ("stopped", "已停止"),
    "state_done": ("done", "完成"),
    "state_failed": ("failed", "失败"),
    "job_is_running": ("This text is still being spoken.", "这段文字仍在朗读中。"),
    "job_is_running_hint": ("Press Stop first.", "请先按“停止”。"),
    # Monitor
    "machine": ("This machine", "本机"),
    "gpu_none": (
        "No NVIDIA graphics card found: speech is made on the processor.",
        "未找到 NVIDIA 显卡：语音由处理器生成。",
    ),
    "gpu_title": ("Graphics card", "显卡"),
    "gpu_none_short": ("no NVIDIA GPU", "无 NVIDIA 显卡"),
    "gpu_lost": (
        "The graphics card was there and does not answer any more.",
        "显卡曾经可用，现在没有响应。",
    ),
    "memory": ("Memory", "内存"),
    "gpu_memory": ("Graphics memory", "显存"),
    "busy": ("Load", "负载"),
    "temperature": ("Temperature", "温度"),
    "power": ("Power", "功率"),
    "processor": ("Processor", "处理器"),
    "cores": ("{n} cores", "{n} 核"),
    "page_process": ("Page", "页面"),
    "engine_process": ("Engine", "引擎"),
    "engine_off": ("not running", "未运行"),
    "disk_free": ("Free disk", "可用磁盘"),
    "last_minutes": ("last {time}", "最近 {time}"),
    "clock": ("Clock", "频率"),
    "throttle": ("Slowed down by", "降频原因"),
    "throttle_line": ("Slowed down by {names}", "降频：{names}"),
    "throttle_none": ("nothing", "无"),
    "throttle_power": ("its power limit", "功率上限"),
    "throttle_heat": ("heat", "过热"),
    "throttle_hardware": ("a hardware protection", "硬件保护"),
    "throttle_sync": ("other cards in its group", "同组的其他显卡"),
    "use_others": ("Other programs", "其他程序"),
    "use_timbre": ("Timbre", "Timbre"),
    "use_weights": ("Model weights", "模型权重"),
    "use_kv": ("Key-value cache", "键值缓存"),
    "use_activations": ("Activations", "激活值"),
    "use_cache": ("Held for reuse", "留待复用"),
    "use_engine": ("Engine", "引擎"),
    "use_taken": ("In use", "已使用"),
    "use_free": ("Free", "空闲"),
    "use_unknown": ("Not known", "未知"),
    "mark_budget": ("Budget", "上限"),
    "mark_predicted": ("Foreseen peak", "预计峰值"),
    "mark_peak": ("Peak so far", "目前峰值"),
    "device": ("Runs on", "运行于"),
    "batch": ("Segments at once", "同时处理的段数"),
    "audio_speed": ("Sound made per second", "每秒生成语音"),
    "queue": ("Texts waiting", "等待的文字"),
    "peak_foreseen": ("Foreseen peak of this batch", "本批预计峰值"),
    "growth": ("Memory from segment to segment", "逐段内存变化"),
    "growth_steady": ("steady", "平稳"),
    "growth_growing": ("growing", "持续增长"),
    "growth_unknown": ("too few segments to say", "段数太少，无法判断"),
    "growth_slope": ("{size} MB per segment", "每段 {size} MB"),
    "growth_caption": (
        "segments {first} to {last} · {low} to {high}",
        "第 {first} 至 {last} 段 · {low} 至 {high}",
    ),
    "guard": ("Memory guard", "内存守护"),
    "guard_calm": ("calm: nothing had to be changed", "平静：无需任何调整"),
    "ago": ("{time} ago", "{time}前"),
    "unload": ("Unload models", "卸载模型"),
    "unload_why_busy": (
        "A text is being spoken: press Stop first.",
        "正在朗读：请先按“停止”。",
    ),
    "unload_why_none": ("No model is loaded.", "没有已加载的模型。"),
    "unloaded": ("Unloaded; its memory is given back.", "已卸载，内存已归还。"),
    "free_cache": ("Free cache", "释放缓存"),
    "free_why_busy": (
        "While a text is being spoken the engine needs what it holds.",
        "朗读期间引擎需要它保留的内存。",
    ),
    "free_why_none": ("The engine holds nothing back.", "引擎没有保留可释放的内存。"),
    "freed": ("Freed {size}.", "已释放 {size}。"),
    "freed_nothing": ("Nothing to free.", "没有可释放的内存。"),
    "stress": ("What can this machine do?", "这台机器能做到什么？"),
    "stress_help": (
        "Says longer and longer texts and measures the memory they take: up to a few minutes. "
        "What is found makes the plans more exact.",
        "逐步朗读更长的文字并测量所需内存，最多几分钟。测得的结果会让计划更准确。",
    ),
    "stress_go": ("Measure", "测量"),
    "stress_stop": ("Stop", "停止"),
    "stress_busy": ("A measurement is already going on.", "测量正在进行。"),
    "stress_stopped": (
        "Stopped; what was measured before is kept.",
        "已停止；此前测得的结果已保留。",
    ),
    "stress_peak": ("peak (MB)", "峰值（MB）"),
    "stress_length": (
        "length: seconds of reference, or characters",
        "长度：参考录音的秒数，或字符数",
    ),
    "stress_rows": ("{n} at once", "同时 {n} 段"),
    "stage_prepare": ("reading the reference", "准备参考录音"),
    "stage_speak": ("speaking", "朗读"),
    "stress_alt": ("Peak memory over length, by stage", "各阶段的峰值内存随长度的变化"),
    "report": ("Report of a finished text", "已完成文字的报告"),
    "report_go": ("Draw", "绘制"),
    "report_empty": (
        "Choose a text: memory and speed over its segments are drawn here.",
        "请选择一段文字：其各段的内存与速度将绘制在这里。",
    ),
    "report_few": ("No segment of this text is finished yet.", "这段文字还没有完成任何一段。"),
    "report_few_hint": ("Wait for the first segment.", "请等待第一段完成。"),
    "report_line": (
        "{n} segments · {time} of sound made in {work} · {speed} × real time · peak {peak}",
        "{n} 段 · {time}的语音，用时 {work} · {speed} 倍实时 · 峰值 {peak}",
    ),
    "report_memory": ("engine memory (MB)", "引擎内存（MB）"),
    "report_speed": ("sound per second (s)", "每秒生成语音（秒）"),
    "report_piece": ("segment", "段"),
    "report_unmeasured": ("not measured", "未测量"),
    "report_alt": (
        "Memory and speed over the segments of a text",
        "一段文字各段的内存与速度",
    ),
    "report_png": ("Save as PNG", "保存为 PNG"),
    "report_svg": ("Save as SVG", "保存为 SVG"),
    "job": ("Job", "任务"),
    "job_none": ("nothing to do", "空闲"),
    "job_piece": ("segment {done} of {all}", "第 {done} / {all} 段"),
    "status_no_voice": ("no voice yet", "还没有声音"),
    "status_voice": ("voice", "声音"),
    "status_engine": ("engine", "引擎"),
    "doctor": ("What works here", "本机可用情况"),
    "doctor_go": ("Check this machine", "检查本机"),
}

NOTES = {
    "speech": "语音 {value:.1f} 秒。",
    "little_speech": "只有 {value:.1f} 秒语音。",
    "no_pause": "其中没有停顿，无法得知背景噪声。",
    "snr_good": "清晰：语音比背景高 {value:.0f} dB。",
    "snr_fair": "有些噪声：语音比背景高 {value:.0f} dB。",
    "snr_low": "噪声较大：语音只比背景高 {value:.0f} dB。",
    "clipped": "录音过响：{value:.1f} % 的语音被削波。",
    "quiet": "音量较低：{value:.0f} LUFS；调高时噪声也会变大。",
    "loud": "音量很高：{value:.0f} LUFS。",
    "narrow_band": "听起来像电话：{kilo:.1f} kHz 以上没有声音。",
    "wide_band": "清晰的声音直到 {kilo:.1f} kHz。",
    "cuts_speech": "起点或终点切在语音上。",
    "ends_in_pause": "起点和终点都在停顿处。",
    "short": "较短：约 {value:.0f} 秒的录音能让声音更好。",
    "whole_recording": "整段录音（{value:.1f} 秒）。",
}
"""Remarks on a reference in Chinese, by their code; `value` is the figure, `kilo` a thousandth."""

KNOBS: dict[str, tuple[str, str]] = {
    "speed": ("语速", "说话的快慢；1 为说话人自己的速度。"),
    "pitch": ("音高", "比说话人更高或更低，以半音为单位。"),
    "expressiveness": ("表现力", "语调起伏的大小；0 为单调。"),
    "similarity": ("相似度", "声音向录音靠近的程度；低一些可能更清晰。"),
    "temperature": ("温度", "低则平稳而平淡，高则生动，也更容易出错。"),
    "top_k": ("Top-k", "从多少个最可能的音中抽取；1 总是取最可能的一个。"),
    "top_p": ("Top-p", "只从合计占此概率份额的最可能的音中抽取。"),
    "repetition_penalty": ("重复惩罚", "越高越不会重复；过高则会偏离文字。"),
}
"""Title and help of an engine's knob in Chinese, by its name; the card has the English."""


def say(language: str, key: str, /, **figures: object) -> str:
    """The sentence of `key` in a language of the page, with its figures.

    Raises KeyError for a key that does not exist: a test asks for each.
    """
    english, chinese = WORDS[key]
    return (chinese if language == "zh" else english).format(**figures)


def note(language: str, remark: Note) -> str:
    """A remark on a reference, in a language of the page."""
    if language == "zh" and remark.code in NOTES:
        value = remark.value or 0.0
        return NOTES[remark.code].format(value=value, kilo=value / 1000)
    return remark.text


def spoken_language(code: str | None, language: str = "en") -> str:
    """A language by its own name; the code where it has none here."""
    if code is None:
        return say(language, "unknown_language")
    return SPOKEN.get(code, code)


def translated(language: str, sentence: str) -> str:
    """A sentence of the core in a language of the page; as it is where it is not known."""
    return in_chinese(sentence) if language == "zh" else sentence


def table(language: str) -> Mapping[str, str]:
    """Every word of one language, for labels that the browser fills in."""
    place = 1 if language == "zh" else 0
    return {key: both[place] for key, both in WORDS.items()}
