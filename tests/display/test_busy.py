"""What a phone says of how busy it is: only what is known, and the same as its module."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from display import busy, i18n
from display.pages import Pages
from tests.display import samples, usual
from tests.display.offered import hours

VECTORS = json.loads((Path(__file__).parent / "busy_vectors.json").read_text("utf-8"))
MORNING = samples.NOW
PAGES = Pages()


def zh(key: str, **facts) -> str:
    return i18n.catalogue("zh").text(key, **facts)


def page(language: str = "zh", **changes) -> str:
    return PAGES.render("status", language, samples.realistic()["status"] | changes)


@pytest.mark.parametrize("vector", VECTORS)
def test_vectors(vector):
    assert busy.level(vector["waiting"], vector["usual"]) == vector["gives"]


def test_words_name_the_usual_number_and_nothing_unknown():
    assert busy.busy_words(20, 8, zh) == "比平时忙，平时这个时候约 8 人"
    assert busy.busy_words(8, 8, zh) == "和平时差不多，平时这个时候约 8 人"
    assert busy.busy_words(0, 8, zh) == "比平时空闲，平时这个时候约 8 人"
    assert busy.busy_words(9, 0, zh) == "比平时忙，平时这个时候几乎没有人等候"
    assert busy.busy_words(9, None, zh) == ""


def test_what_is_usual_is_that_of_the_quarter():
    queue = {"hours": [{"hour": 9, "quarters": [0, 4, 8, 12]}]}
    told = [busy.usual_now(queue, f"2026-11-23T09:{m}:00+08:00") for m in ("00", "15", "44", "59")]
    assert told == [0, 4, 8, 12]
    assert busy.usual_now(queue, "2026-11-23T10:00:00+08:00") is None
    assert busy.usual_now(None, MORNING) is None


def at(hour: int) -> str:
    return f"2026-11-23T{hour:02d}:15:30+08:00"


@pytest.mark.parametrize(
    ("now", "says"),
    [
        (at(8), "16:00–17:00 通常等候最短，约 20 分钟。"),  # 8:00 to 8:30 gives out no numbers
        (at(10), "16:00–17:00 通常等候最短，约 20 分钟。"),
        (at(16), ""),  # an hour alone is not worth a sentence
        (at(20), ""),
    ],
)
def test_the_best_hour_is_ahead_and_within_opening_hours(now: str, says: str):
    assert busy.best_words(usual.times(), now, hours(), zh) == says


def test_when_later_is_no_better_one_had_best_come_now():
    times = usual.times()
    for one in times["queues"][0]["hours"]:
        one["wait_p50_s"] = 1200
    assert busy.best_words(times, at(10), hours(), zh) == zh("busy.best_now")


def test_without_waits_the_emptiest_hour_is_named():
    times = usual.times()
    times["queues"][0]["hours"][3]["wait_p50_s"] = None
    assert busy.best_words(times, None, hours(), zh) == "16:00–17:00 通常人最少。"


def test_a_day_without_hours_of_its_own_is_open_all_day():
    # A Sunday that is worked instead of another day.
    times = usual.times("2026-11-22", "work", today=False)
    assert busy.best_words(times, None, hours(), zh) == "08:00–09:00 通常等候最短，约 15 分钟。"


def test_the_page_tells_every_figure_of_the_picture_as_a_table():
    html = page()
    block = html[html.index('id="times"') :]
    table = block[: block.index("</table>")]
    outline = re.search(r'class="usual" d="(.*?)"', table)[1]
    bars = [40 - float(top) for top in re.findall(r"M\d+ 40V([\d.]+)H\d+V40", outline)]
    rows = re.findall(r"<tr><th scope=\"row\">(\d\d):00–\d\d:00(.*?)</th><td>(\d+) 人</td>", table)
    assert [int(hour) for hour, _, _ in rows] == list(usual.DAY)
    assert [mark for _, mark, _ in rows if mark] == [" （现在）"]
    most = float(re.search(r'data-most="(\d+)"', table)[1])
    assert bars == [pytest.approx(int(n) / most * 40, abs=0.06) for _, _, n in rows]
    assert most == 87, "those who wait now are more than usual: the chart has room for them"
    assert 'aria-hidden="true"' in table


@pytest.mark.parametrize("language", i18n.LANGUAGES)
def test_every_language_says_it(language: str):
    said = i18n.catalogue(language)
    html = page(language)
    assert said.text("busy.busier", n=58) in html
    assert said.text("busy.today") in html
    assert said.text("busy.quieter", n=3) in html


def test_a_new_hall_says_nothing_of_what_is_usual():
    for times in (usual.nothing(), None):
        body = page(times=times).partition("<main")[2]
        assert "各队列" in body
        for word in ("平时", "各时段", "<svg", 'class="busy"'):
            assert word not in body, word


def test_another_day_has_no_now():
    body = page(
        snapshot=samples.snapshot(open=False),
        times=usual.times("2026-11-24", "work", today=False),
        opens="2026-11-24T08:30:00+08:00",
    ).partition("<main")[2]
    assert "周二各时段等候人数" in body
    assert "按最近八周的工作日统计，共 8 天。" in body
    assert 'class="live"' not in body and "（现在）" not in body and 'class="busy"' not in body
