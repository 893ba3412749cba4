"""Where a full stop does not end a sentence."""

from __future__ import annotations

from collections.abc import Mapping

NEVER_END: Mapping[str, frozenset[str]] = {
    language: frozenset(words.split())
    for language, words in {
        "en": "mr mrs ms mx dr prof st sr. rev fr gen col maj capt cmdr lt sgt cpl adm hon gov sen rep "
        "pres messrs mmes vs e.g i.e cf viz approx eg ie al ave blvd dept est mt ft gen.",
        "de": "dr prof hr fr frl st z.b d.h u.a o.ä i.d.r v.a z.t bzw ca evtl ggf inkl exkl sog vgl "
        "bspw dipl ing mag str geb gest max min mind zzgl insb abs art bd jh jhd",
        "fr": "m mm mme mlle dr pr st ste me mgr cf p.ex ex env av apr boul j.-c",
        "es": "sr sra srta sres dr dra d dña ud uds vd p.ej ej aprox av avda dpto gral ing lic prof",
        "it": "sig sig.ra sigg dott dott.ssa prof prof.ssa avv ing arch geom on rag spett es p.es ca",
        "pt": "sr sra srta dr dra prof profa eng exmo exma p.ex ex av aprox",
        "nl": "dhr mevr mw dr drs ir ing mr prof bijv bv d.w.z m.b.t o.a i.v.m ca",
        "pl": "dr prof mgr inż np m.in tzn tzw ok św ul al gen płk ks pt por",
        "ru": "т.е т.к т.н г-н г-жа им ул пр-т стр акад проф доц ср напр см тов св пос",
        "uk": "т.зв напр див вул проф акад ім св",
        "cs": "p pí dr prof ing mgr tj tzn tzv např atp. sv ul",
        "sv": "dr prof t.ex bl.a d.v.s s.k ca", "da": "dr prof f.eks bl.a ca", "no": "dr prof f.eks bl.a ca",
        "fi": "esim ns mm", "hu": "dr prof pl ún", "ro": "dl dna dr prof", "tr": "dr prof örn vb.",
    }.items()
}  # fmt: skip
"""Lower case, without their last stop."""

MAY_END: Mapping[str, frozenset[str]] = {
    language: frozenset(words.split())
    for language, words in {
        "en": "etc inc ltd co corp jr sr esq p.m a.m b.c a.d no",
        "de": "usw etc u.s.w evtl. gmbh", "fr": "etc", "es": "etc", "it": "ecc etc", "pt": "etc",
        "nl": "enz etc", "pl": "itd itp r", "ru": "т.д т.п др пр гг вв н.э руб коп тыс млн млрд мин сек",
        "uk": "т.д т.п ін рр ст", "cs": "atd apod",
    }.items()
}  # fmt: skip
"""These end a sentence when the next word begins like one."""

BEFORE_NUMBER = frozenset(
    [
        "no",
        "nos",
        "nr",
        "nº",
        "núm",
        "num",
        "p",
        "pp",
        "pg",
        "vol",
        "ch",
        "chap",
        "fig",
        "figs",
        "sec",
        "art",
        "arts",
        "abb",
        "kap",
        "bd",
        "s",
        "seite",
        "cap",
        "pag",
        "pág",
        "стр",
        "рис",
        "гл",
        "т",
        "табл",
        "с",
        "ст",
        "п",
        "č",
        "str",
        "rys",
        "tab",
        "rozdz",
        "eq",
        "ex",
        "v",
    ]
)
"""No sentence ends here when a digit follows."""

OPENERS: Mapping[str, frozenset[str]] = {
    language: frozenset(words.split())
    for language, words in {
        "en": "A After All An And As At But By For From He Her Here His How However If In It Its My No "
        "Not Now On One Our She Since So Some Still That The Their Then There These They This Those "
        "Though Thus To We What When Where Which While Who Why With Yes Yet You Your I",
        "de": "Aber Als Am An Auch Auf Bei Da Dann Das Dem Den Denn Der Des Die Dies Diese Doch Du Ein "
        "Eine Er Es Für Heute Hier Ich Ihr Im In Ist Ja Jetzt Man Mit Nach Nein Nicht Nun Sie So Und Vor "
        "Was Wenn Wer Wie Wir Wo Zu",
        "fr": "Alors Après Au Aussi Avec Ce Ces Cette Dans De Des Donc Elle En Et Il Ils Je La Le Les "
        "Mais Ne Nous On Or Ou Où Par Pour Puis Quand Que Qui Si Tu Un Une Vous",
        "es": "A Al Ahora Así Aunque Como Con Cuando De Después El Ella En Entonces Era Es Esta Este La "
        "Las Lo Los Más Mi No Nos Para Pero Por Que Se Si Sin Su También Un Una Y Ya Yo",
        "it": "A Al Alla Anche Che Chi Come Con Così Da Di Dopo E Ed Era È Gli I Il In Io La Le Lei Lo "
        "Lui Ma Nel Non Per Poi Quando Questa Questo Se Si Un Una",
        "pt": "A As Ao Assim Com Como De Depois Ela Ele Em Então Era Eu Esta Este É Mas Na Não No Nos O "
        "Os Para Por Quando Que Se Também Um Uma",
        "nl": "Als Daar Dan Dat De Die Dit Een En Er Het Hij Hoe Ik In Maar Met Niet Nu Of Om Op Toen Van "
        "Voor Wat We Wij Ze Zij Zo",
        "ru": "А Более В Во Все Вот Где Да Для До Его Если Ещё За Здесь И Из Или Как Когда Мы На Не Но Ну "
        "Он Она Они Оно От По Потом При С Так Там То Тогда Только Ты У Что Это Этот Я",
    }.items()
}  # fmt: skip
"""Words with a capital that begin a sentence rather than carry a name on."""

ORDINAL_DOT = frozenset(
    [
        "de",
        "da",
        "no",
        "fi",
        "cs",
        "sk",
        "hu",
        "sl",
        "hr",
        "sr",
        "bs",
        "et",
        "is",
        "pl",
        "tr",
        "lv",
        "lt",
    ]
)
"""Languages that write third as `3.`"""
