"""What the hall of the samples offers: queues, services, classes, office hours."""

from __future__ import annotations

from typing import Any

QUEUES = (
    ("general", "综合受理", "A"),
    ("social", "社保医保", "B"),
    ("property", "不动产登记", "C"),
    ("exit", "公安出入境", "D"),
    ("tax", "税务", "E"),
    ("company", "企业开办专区", "F"),
)
SERVICES = (
    (
        "company-setup",
        "企业开办",
        "company",
        12,
        ["法定代表人身份证", "经营场所租赁合同", "公司章程"],
    ),
    ("company-change", "企业变更登记", "company", 15, ["营业执照正副本", "变更决议"]),
    ("id-proof", "居住证办理", "general", 8, ["身份证", "居住证明", "一寸照片"]),
    ("senior-card", "老年人优待证", "general", 6, ["身份证"]),
    ("license", "食品经营许可", "general", 15, ["营业执照", "平面布局图", "健康证明"]),
    ("seal", "公章备案", "general", 8, []),
    ("pension", "养老保险关系转移", "social", 12, ["身份证", "社保卡"]),
    ("medical", "医保异地就医备案", "social", 8, ["身份证", "医保电子凭证"]),
    ("maternity", "生育津贴申领", "social", 10, ["身份证", "出生医学证明", "银行卡"]),
    ("transfer", "二手房过户", "property", 30, ["双方身份证", "不动产权证书", "买卖合同"]),
    ("mortgage", "抵押登记", "property", 20, ["身份证", "抵押合同", "不动产权证书"]),
    ("passport", "护照首次申领", "exit", 10, ["身份证", "户口簿", "证件照回执"]),
    ("permit", "港澳通行证签注", "exit", 5, ["身份证", "通行证"]),
    ("invoice", "发票领用", "tax", 6, ["税务登记信息", "经办人身份证"]),
)
CLASSES = (("normal", "普通", 0), ("priority", "优先", 30), ("appointment", "预约", 15))


def services() -> dict[str, Any]:
    """GET /halls/{hall}/services."""
    return {
        "queues": [{"id": id, "name": name, "letter": letter} for id, name, letter in QUEUES],
        "services": [
            {"id": id, "name": name, "queue": queue, "minutes": minutes, "materials": materials}
            for id, name, queue, minutes, materials in SERVICES
        ],
        "outcomes": [
            {"id": "done", "name": "办结", "name_en": "Completed"},
            {"id": "accepted", "name": "受理待办", "name_en": "Accepted"},
            {"id": "advice", "name": "仅咨询", "name_en": "Advice only"},
            {"id": "rejected", "name": "不予受理", "name_en": "Not accepted"},
        ],
        "classes": [
            {"id": id, "name": name, "head_start_minutes": minutes} for id, name, minutes in CLASSES
        ],
    }


def hours() -> list[dict[str, Any]]:
    """Office hours with a break at noon, and Saturday mornings."""
    week = ["mon", "tue", "wed", "thu", "fri"]
    return [
        {"days": week, "open": "08:30", "close": "12:00"},
        {"days": week, "open": "13:30", "close": "17:30"},
        {"days": ["sat"], "open": "09:00", "close": "12:00"},
    ]
