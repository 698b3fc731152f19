"""What removed copies have that the kept one lacks: new paragraphs, once each, and nothing else."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dedup.merge import LEAST, LIMIT, LONG, NEW, RUN, Addition, Dropped, Span, additions, merge
from dedup.paragraphs import SPACELESS
from dedup.words import locate
from tests.hostile import WORDS, article
from tests.test_tokens import nasty


def check(kept: str, dropped: list[Dropped]) -> tuple[Addition, ...]:
    """The additions, after a look at what holds of all of them."""
    merged = merge(kept, dropped)
    found = merged.additions
    texts = {copy.id: copy.text for copy in dropped}
    order = [copy.id for copy in dropped]
    assert [(order.index(a.id), a.start) for a in found] == sorted((order.index(a.id), a.start) for a in found)
    for a in found:
        assert a.text == texts[a.id][a.start : a.end] == a.text.strip()
        assert "\n" not in a.text
        assert len(locate(a.text).tokens) >= LEAST
    assert merge(kept, dropped) == merged
    assert additions(kept, dropped) == found
    if not merged.left_out:
        assert additions("\n".join((kept, *(a.text for a in found))), dropped) == ()
    return found


def gained(kept: str, *others: str) -> list[str]:
    return [a.text for a in check(kept, [Dropped(str(i), text) for i, text in enumerate(others)])]


# What holds of any texts

words = st.lists(st.sampled_from(WORDS[:14]), min_size=1, max_size=14).map(" ".join)
characters = st.text("港口渡轮停航风暴星期一二三", min_size=1, max_size=30)
ends = st.sampled_from(["\n", " \n\n\t", ". ", "。", "! ”\n"])
prose = st.lists(st.tuples(words | characters, ends), max_size=6).map(lambda rows: "".join(map("".join, rows)))
anything = prose | nasty | st.text(st.characters(), max_size=60)


@settings(max_examples=300, deadline=None)
@given(anything, st.lists(anything, max_size=4))
def test_any_texts(kept: str, others: list[str]) -> None:
    gained(kept, *others)


@settings(max_examples=200, deadline=None)
@given(anything)
def test_a_copy_of_equal_text_adds_nothing(text: str) -> None:
    assert gained(text, text, f"\n {text}\n{text}") == []


@settings(max_examples=200, deadline=None)
@given(st.lists(anything, max_size=4))
def test_equal_copies_add_what_one_adds(others: list[str]) -> None:
    assert gained("", *others, *others) == gained("", *others)


@settings(max_examples=100, deadline=None)
@given(prose)
def test_the_tokens_of_an_addition_are_those_of_its_place(text: str) -> None:
    whole = locate(text)
    for a in check("", [Dropped("a", text)]):
        inside = (whole.starts >= a.start) & (whole.ends <= a.end)
        assert locate(a.text).tokens.tolist() == whole.tokens[inside].tolist()


def twin(kept: str, others: list[str]) -> list[str]:
    """For lines of ASCII words: runs are looked for one by one."""
    known = [kept.split()]
    found = []
    for line in "\n".join(others).split("\n"):
        row = line.split()
        shared = [
            any(row[i : i + RUN] == one[j : j + RUN] for one in known for j in range(len(one) - RUN + 1))
            for i in range(len(row) - RUN + 1)
        ]
        covered = {i + k for i, hit in enumerate(shared) if hit for k in range(RUN)}
        if len(row) >= LEAST and len(covered) < NEW * len(row):
            found.append(line)
            known.append(row)
    return found


lines = st.lists(st.lists(st.sampled_from(WORDS[:3]), min_size=1, max_size=20).map(" ".join), max_size=6).map("\n".join)


@settings(max_examples=300, deadline=None)
@given(lines, st.lists(lines, max_size=3))
def test_the_plain_twin_agrees(kept: str, others: list[str]) -> None:
    assert gained(kept, *others) == twin(kept, others)


@settings(max_examples=200, deadline=None)
@given(prose, st.lists(st.tuples(st.integers(-9, 200), st.integers(-9, 200)), max_size=6))
def test_any_spans_of_boilerplate(text: str, spans: list[Span]) -> None:
    inside = {at for start, end in spans for at in range(max(0, start), end)}
    found = check("", [Dropped("a", text, tuple(spans))])
    for a in found:
        starts = locate(a.text).starts.tolist()
        assert 2 * sum(start + a.start in inside for start in starts) < len(starts)
    assert additions("", [Dropped("a", text, ((0, len(text)),))]) == ()


# By hand, in several languages: a story, one of its paragraphs reworded, and a new one

STORIES = {
    "en": (
        "The ferry to Port Ellery will not sail on Monday, the harbour office said on Saturday.\n"
        "A storm is expected to bring waves of up to six metres to the strait in the early morning hours.",
        "A storm is now expected to bring waves of up to seven metres to the strait in the early morning hours.",
        "Passengers with tickets for the cancelled crossing can travel on any other day of this month.",
    ),
    "de": (
        "Die Fähre nach Nordhafen fährt am Montag nicht, teilte das Hafenamt am Samstag mit.\n"
        "Erwartet wird ein Sturm, der in den frühen Morgenstunden Wellen von bis zu sechs Metern in den Sund bringt.",
        "Erwartet wird ein Orkan, der in den frühen Morgenstunden Wellen von bis zu sieben Metern in den Sund bringt.",
        "Wer eine Karte für die ausgefallene Überfahrt hat, kann an jedem anderen Tag des Monats fahren.",
    ),
    "ru": (
        "Паром в Северную гавань в понедельник не выйдет, сообщили в субботу в управлении порта.\n"
        "Ожидается шторм, который рано утром принесёт в пролив волны высотой до шести метров.",
        "Ожидается шторм, который рано утром принесёт в пролив волны высотой до семи метров.",
        "Пассажиры с билетами на отменённый рейс смогут уехать в любой другой день этого месяца.",
    ),
    "ar": (
        "لن تبحر العبارة إلى الميناء الشمالي يوم الاثنين كما أعلن مكتب الميناء مساء السبت.\n"
        "ومن المتوقع أن تجلب العاصفة إلى المضيق أمواجا يصل ارتفاعها إلى ستة أمتار في ساعات الصباح الأولى.",
        "ومن المتوقع أن تجلب العاصفة إلى المضيق أمواجا يصل ارتفاعها إلى سبعة أمتار في ساعات الصباح الأولى.",
        "ويمكن للركاب الذين يحملون تذاكر الرحلة الملغاة السفر في أي يوم آخر من هذا الشهر.",
    ),
    "zh": (
        "港务局星期六表示，开往北港的渡轮星期一停航。\n预计风暴将在凌晨给海峡带来高达六米的巨浪，沿岸居民应避免前往海边。",
        "预计风暴将在凌晨给海峡带来高达七米的巨浪，沿岸的居民应避免前往海边。",
        "持有停航班次船票的旅客，本月内可改乘开往北港的其他任何一班渡轮。",
    ),
    "ja": (
        "港湾局は土曜日、北港行きのフェリーが月曜日に欠航すると発表した。\n"
        "嵐のため、未明には海峡で最大六メートルの高波が予想されるという。",
        "嵐のため、未明には海峡で最大七メートルの高波が予想されるとしている。",
        "欠航便の乗船券を持つ客は、今月中であれば北港行きの別の便に変更できる。",
    ),
    "th": (
        "สำนักงานท่าเรือเมืองเหนือแจ้งเมื่อวันเสาร์ว่าเรือข้ามฟากไปท่าเรือเมืองเหนือจะงดให้บริการในวันจันทร์\n"
        "คาดว่าพายุจะทำให้เกิดคลื่นสูงถึงหกเมตรในช่องแคบช่วงเช้ามืด ขอให้ประชาชนหลีกเลี่ยงชายฝั่ง",
        "คาดว่าพายุจะทำให้เกิดคลื่นสูงถึงเจ็ดเมตรในช่องแคบช่วงเช้ามืด ขอให้ประชาชนหลีกเลี่ยงชายฝั่ง",
        "ผู้โดยสารที่มีตั๋วของเที่ยวเรือที่ถูกยกเลิกสามารถเดินทางในวันอื่นของเดือนนี้ได้โดยไม่เสียค่าใช้จ่ายเพิ่ม",
    ),
    "ko": (
        "북항으로 가는 여객선은 월요일에 운항하지 않는다고 항만청이 토요일 저녁에 밝혔다.\n"
        "폭풍으로 이른 아침 해협에 최고 여섯 미터 높이의 파도가 칠 것으로 예상된다고 기상청은 전했다.",
        "폭풍으로 이른 아침 해협에 최고 일곱 미터 높이의 파도가 칠 것으로 예상된다고 기상청은 전했다.",
        "취소된 배편의 표를 가진 승객은 이번 달 안에 다른 날 아무 배나 탈 수 있다.",
    ),
}


@pytest.mark.parametrize("language", STORIES)
def test_a_new_paragraph_is_added_and_a_reworded_one_is_not(language: str) -> None:
    kept, reworded, new = STORIES[language]
    first = kept.split("\n")[0]
    assert gained(kept, f"{first}\n{reworded}\n\n  {new}\t\n") == [new]
    assert gained(kept, f"{new}\n{reworded}", f"{first}\n{new}") == [new]
    assert gained("", kept) == kept.split("\n")


@pytest.mark.parametrize("language", STORIES)
def test_the_same_new_paragraph_is_added_once(language: str) -> None:
    kept, reworded, new = STORIES[language]
    second = kept.split("\n")[1]
    assert gained(new, reworded, second) == [reworded]
    assert gained(new, second, reworded) == [second]


@pytest.mark.parametrize("language", STORIES)
def test_line_breaks_do_not_matter_for_what_is_known(language: str) -> None:
    kept, _, new = STORIES[language]
    assert gained(f"{kept} {new}".replace("\n", " "), kept, new) == []


def test_a_name_that_recurs_does_not_make_a_paragraph_known() -> None:
    """Its seven characters are a third of the paragraph, but no run of five words."""
    name = "云河市人民政府"
    assert gained(f"{name}表示，大桥将封闭两周。", f"{name}又通知，学校周四起照常上课。") != []
    assert gained(f"{name}办公厅表示，大桥将封闭两周。", f"{name}办公厅又通知，周四复课。") == []  # ten of seventeen


@pytest.mark.parametrize(
    ("word", "least"), [("字", SPACELESS * LEAST), ("あ", SPACELESS * LEAST), ("ก", SPACELESS * LEAST), ("é ", LEAST)]
)
def test_short_paragraphs_are_not_added(word: str, least: int) -> None:
    assert gained("", word * (least - 1)) == []
    assert gained("", word * least) == [(word * least).strip()]


@pytest.mark.parametrize(
    "note", ["By Our Correspondent in Port Ellery", "记者王海北港报道", "อ่านข่าวเพิ่มเติม", "続きを読む"]
)
def test_bylines_and_links_are_not_added(note: str) -> None:
    assert gained("", note) == []


@pytest.mark.parametrize("count", [20, 60])
def test_a_paragraph_is_known_from_a_share_on(count: int) -> None:
    row = article(1, count).split()
    enough = round(NEW * count)
    for shared, new in ((enough - 1, True), (enough, False)):
        assert len(gained(" ".join(row[:shared]), " ".join(row))) == new


@pytest.mark.parametrize(("glue", "end"), [(" ", "."), (" ", ".”"), ("", "。"), ("", "。」"), (" ", "؟")])
def test_a_very_long_line_is_cut_into_sentences(glue: str, end: str) -> None:
    sentences = [article(seed, 20) + end for seed in range(LONG // 20 + 1)]
    kept = glue.join(sentences[::2])
    assert gained(kept, glue.join(sentences)) == sentences[1::2]
    assert gained("", glue.join(sentences[:-1])) == [glue.join(sentences[:-1])]


def test_a_long_line_of_a_script_without_spaces() -> None:
    draw = random.Random(1)
    sentences = ["“" + "".join(chr(0x4E00 + draw.randrange(9000)) for _ in range(40)) + "。”" for _ in range(11)]
    assert gained("".join(sentences[1:]), "".join(sentences)) == sentences[:1]
    assert gained("", "".join(sentences[:10])) == ["".join(sentences[:10])]


def test_boilerplate_is_not_added() -> None:
    advert = "Sign up for our newsletter and get the news of the harbour every day."
    text = f"{article(1, 12)}\n{advert}\n{article(2, 12)}"
    start = text.index(advert)
    assert gained("", text) == text.split("\n")
    for end, added in ((start + len(advert), False), (start + len(advert) // 2, False), (start + 12, True)):
        found = [a.text for a in check("", [Dropped("a", text, ((start, end), (start + 3, end)))])]
        assert (advert in found) == added
        assert len(found) == 2 + added


def test_boilerplate_of_one_copy_is_news_of_another() -> None:
    text = article(1, 12)
    assert check("", [Dropped("a", text, ((0, len(text)),)), Dropped("b", text)]) == (
        Addition("b", text, 0, len(text)),
    )


def test_places_count_code_points() -> None:
    text = "😀🏳️‍🌈\r\n\u3000𐐀𐐁 " + article(1, 10) + "! \r\n"
    (found,) = check("", [Dropped("a", text)])
    assert (found.text, found.start) == ("𐐀𐐁 " + article(1, 10) + "!", text.index("𐐀"))


def test_nothing_to_add() -> None:
    assert check("", []) == check("", [Dropped("a", ""), Dropped("b", "…\n\n!")]) == ()


@pytest.mark.parametrize("over", [0, 3])
def test_additions_beyond_the_limit_are_counted(over: int) -> None:
    rows = [article(seed, 10) for seed in range(LIMIT + over)]
    merged = merge("", [Dropped("a", "\n".join(rows)), Dropped("b", "\n".join(rows))])
    assert [a.text for a in merged.additions] == rows[:LIMIT]
    assert merged.left_out == over


# Hostile texts: these must end


@pytest.mark.timeout(30)
@pytest.mark.parametrize("word", ["word ", "字", "é.", "a. ", "! ", "\u200b", "。"])
def test_a_line_of_ten_megabytes(word: str) -> None:
    text = word * (10_000_000 // len(word.encode()))
    assert len(additions("", [Dropped("a", text)])) <= LIMIT
    assert additions(text, [Dropped("a", text)]) == ()


@pytest.mark.timeout(30)
def test_a_line_of_ten_megabytes_of_different_words() -> None:
    text = article(1, 1_500_000)
    assert [len(a.text) for a in additions("", [Dropped("a", text), Dropped("b", text)])] == [len(text)]


@pytest.mark.timeout(30)
def test_a_hundred_thousand_lines() -> None:
    line = article(1, 12)
    assert [a.text for a in additions("", [Dropped("a", f"{line}\n" * 100_000)])] == [line]
    rows = article(2, 1_000_000).split(" ")
    different = "\n".join(" ".join(rows[i : i + 10]) for i in range(0, len(rows), 10))
    merged = merge("", [Dropped("a", different)])
    assert len(merged.additions) == LIMIT
    assert merged.left_out > 90_000


@pytest.mark.timeout(30)
def test_many_copies_and_many_spans() -> None:
    copies = [Dropped(str(i), article(i % 50, 100)) for i in range(2_000)]
    assert len(additions("", copies)) == 50
    text = article(1, 100_000)
    assert additions("", [Dropped("a", text, tuple((i, i + 5) for i in range(0, len(text), 5)))]) == ()
