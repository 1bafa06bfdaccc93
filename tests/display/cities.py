"""The halls of a city in the shape of GET /halls: open, silent, closed, without a place."""

from __future__ import annotations

from typing import Any


def hall(id_: str, name: str, **more: Any) -> dict[str, Any]:
    """One line; open and quick unless said otherwise."""
    line: dict[str, Any] = {
        "id": id_, "name": name, "open": True, "waiting": 6,
        "observed_at": "2026-11-23T10:15:30+08:00", "wait_from_s": 200, "wait_to_s": 900,
    }  # fmt: skip
    return line | more


def halls() -> list[dict[str, Any]]:
    """Best first."""
    return [
        hall("gulou", "鼓楼街道便民服务中心", name_en="Gulou Street Service Point",
             address="鼓楼区中山路88号", latitude=32.06, longitude=118.78,
             waiting=0, wait_from_s=0, wait_to_s=0),
        hall("city", "市民服务中心", name_en="Citizen Service Centre",
             address="建邺区江东中路265号", latitude=32.0, longitude=118.73,
             waiting=42, wait_from_s=420, wait_to_s=2350),
        hall("qixia", "栖霞区政务服务大厅", name_en="Qixia District Service Hall",
             address="栖霞区文枢东路1号", latitude=32.1, longitude=118.96,
             waiting=118, wait_from_s=1800, wait_to_s=5200),
        hall("lishui", "溧水区政务服务大厅", name_en="Lishui District Service Hall",
             waiting=9, wait_from_s=None, wait_to_s=None),
        hall("jiangning", "江宁区政务服务大厅", name_en="Jiangning District Service Hall",
             address="江宁区上元大街369号", latitude=31.95, longitude=118.84, stale=True,
             observed_at="2026-11-23T09:32:10+08:00", waiting=15, wait_from_s=300, wait_to_s=1500),
        hall("liuhe", "六合区政务服务大厅", name_en="Luhe District Service Hall",
             address="六合区雄州街道彤华街5号", latitude=32.34, longitude=118.84, open=False,
             opens="2026-11-23T13:30:00+08:00", waiting=0, wait_from_s=None, wait_to_s=None),
    ]  # fmt: skip
