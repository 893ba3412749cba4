from __future__ import annotations

import time

import pytest

from core.engines.gpt_sovits.text.chinese import normalise
from core.engines.gpt_sovits.text.chinese_numbers import cardinal, count, decimal, digit_by_digit


@pytest.mark.parametrize(
    ("text", "said"),
    [
        # Amounts and codes.
        ("100、1000、10000", "一百,一千,一万"),
        ("1,234人", "一千二百三十四人"),
        ("123456789000", "一千二百三十四亿五千六百七十八万九千"),
        ("12345678901234", "幺二三四五六七八九零幺二三四"),
        ("编号00078", "编号零零零七八"),
        ("密码是123456", "密码是幺二三四五六"),
        ("请打120", "请打幺二零"),
        ("走了120步", "走了一百二十步"),
        ("电话010-62345678", "电话零幺零,六二三四五六七八"),
        ("13812345678", "幺三八幺二三四五六七八"),
        ("+86 138 1234 5678", "八六,幺三八,幺二三四,五六七八"),
        ("400-123-4567", "四零零,幺二三,四五六七"),
        # Ranges, sums, minus.
        ("20~30度", "二十到三十度"),
        ("-5~3°C", "零下五到三度"),
        ("3-5个", "三到五个"),
        ("5～10kg", "五到十千克"),
        ("20%-30%", "百分之二十到百分之三十"),
        ("10-2=8", "十减二等于八"),
        ("3+5=8", "三加五等于八"),
        ("跌了-2.5%", "跌了负百分之二点五"),
        ("中-英", "中,英"),
        # Dates and times.
        ("2024年5月17日", "二零二四年五月十七日"),
        ("2023-5-1", "二零二三年五月一日"),
        ("2024-2025年", "二零二四到二零二五年"),
        ("12月2日", "十二月二日"),
        ("20年后", "二十年后"),
        ("98年", "九八年"),
        ("90年代", "九十年代"),
        ("80后和00后", "八零后和零零后"),
        ("2020-2025", "二零二零到二零二五"),
        ("电话2345-6789", "电话二三四五,六七八九"),
        ("8:30-12:15", "八点半至十二点十五分"),
        ("2:05:09", "两点零五分零九秒"),
        ("2点", "两点"),
        # Signs.
        ("￥100", "一百元"),
        ("$5", "五美元"),
        ("1.10.2", "一点十点二"),
        ("3.0公里", "三点零公里"),
        ("3：2", "三比二"),
        ("1/2", "二分之一"),
        ("10元/斤", "十元每斤"),
        ("他/她", "他,她"),
        ("5mm", "五毫米"),
        ("100km/h", "一百千米每小时"),
        ("20m²", "二十平方米"),
        ("第2个", "第二个"),
        ("2斤", "两斤"),
        ("2年级", "二年级"),
        ("二〇二四", "二零二四"),
        ("③Ω", "三欧米伽"),
        ("Ａ计划", "诶计划"),
        # Characters.
        ("繁體中文轉換", "繁体中文转换"),
        ("乾隆的著作很乾", "乾隆的著作很干"),
        ("他們看著", "他们看着"),
        ("什么抬手", "什么抬手"),
        ("嗯……《好》！？", "恩…好!"),
    ],
)
def test_numbers_and_signs_are_said_as_people_say_them(text: str, said: str) -> None:
    assert normalise(text) == said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("100、1000", "幺零零,幺零零零"),
        ("010-62345678", "零幺零减六二三四五六七八"),
        ("20~30度", "二十…三十度"),
        ("A计划", "计划"),
        ("5mm", "五米米"),
        ("8:30-12:15", "八点半至十二点半"),
        ("x²+1", "的二次方加一"),
    ],
)
def test_the_reference_s_mistakes_are_made_only_when_asked_for(text: str, said: str) -> None:
    assert normalise(text, as_reference=True) == said
    assert normalise(text) != said


def test_a_number_is_a_quantity_or_a_code() -> None:
    assert cardinal("1023") == "一千零二十三"
    assert cardinal("0" * 50) == "零"
    assert cardinal("9" * 20) == "九" * 20
    assert decimal(".50") == "零点五零"
    assert count("2") == "两"
    assert count("12") == "十二"
    assert digit_by_digit("110") == "幺幺零"


@pytest.mark.parametrize("unit", ["1", "1.", "1-", "-", "1:", "1,111", "¹", "a+", "￥1", "1年"])
def test_a_long_run_of_signs_takes_no_longer_than_its_length(unit: str) -> None:
    # Ten times the longest segment, 510 characters; a rule that tries every start at every place
    # takes minutes.
    start = time.process_time()
    normalise(unit * (5000 // len(unit)))
    assert time.process_time() - start < 5
