"""Japanese: numbers become kanji, which the reader of kanji gives the reading of their counter."""

from __future__ import annotations

from core.text.locale import Locale, nouns, pairs
from core.text.numbers import cardinal


def _date(day: int, month: int, in_year: int | None, before: str) -> str:
    said = f"{cardinal(month, 'ja')}月{cardinal(day, 'ja')}日"
    return said if in_year is None else f"{cardinal(in_year, 'ja')}年{said}"


def _time(hour: int, minute: int, second: int | None) -> str:
    said = f"{cardinal(hour, 'ja')}時"
    if minute:
        said += f"{cardinal(minute, 'ja')}分"
    return said if second is None else f"{said}{cardinal(second, 'ja')}秒"


LOCALE = Locale(
    code="ja",
    decimal=".",
    groups=",，\u00a0\u202f",
    point="点",
    minus="マイナス",
    to="から",
    percent="{n}パーセント",
    dot="ドット",
    slash="スラッシュ",
    at="アット",
    dash="ハイフン",
    signs=pairs(
        "&=アンド; @=アット; +=プラス; = ==イコール; ×=かける; ÷=わる; ±=プラスマイナス; <=小なり; >=大なり; "
        "≤=以下; ≥=以上; ≈ ~=約; °=度; №=ナンバー; %=パーセント; ‰=パーミル; $=ドル; €=ユーロ; £=ポンド; "
        "¥ ￥=円; ²=二乗; ³=三乗; →=から; #=シャープ"
    ),
    currencies=nouns(
        "¥,￥,JPY=円; $,US$,USD=ドル; €,EUR=ユーロ; £,GBP=ポンド; CNY=人民元; ₽,RUB=ルーブル; "
        "₩,KRW=ウォン; ₹,INR=ルピー; CHF=スイスフラン; ₿,BTC=ビットコイン"
    ),
    units=nouns(
        "km=キロメートル; m=メートル; cm=センチメートル; mm=ミリメートル; nm=ナノメートル; "
        "km/h=キロメートル毎時; m/s=メートル毎秒; kg=キログラム; g=グラム; mg=ミリグラム; t=トン; "
        "l,L=リットル; ml,mL=ミリリットル; s=秒; ms=ミリ秒; min=分; h=時間; °C,℃=度; °F,℉=華氏; °=度; "
        "KB,kB=キロバイト; MB=メガバイト; GB=ギガバイト; TB=テラバイト; Hz=ヘルツ; kHz=キロヘルツ; "
        "MHz=メガヘルツ; GHz=ギガヘルツ; W=ワット; kW=キロワット; kWh=キロワット時; V=ボルト; A=アンペア; "
        "mAh=ミリアンペア時; dB=デシベル; m²,㎡=平方メートル; km²=平方キロメートル; m³=立方メートル; "
        "ha=ヘクタール; kcal=キロカロリー"
    ),
    scales=pairs("万=万; 億=億; 千=千; 百万=百万; 千万=千万; 兆=兆"),
    scale_joint="",
    months=("1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12"),
    date=_date,
    time=_time,
    fraction=lambda numerator, denominator: (
        f"{cardinal(denominator, 'ja')}分の{cardinal(numerator, 'ja')}"
    ),
    space="",
)
