"""Made-up letters to a city, for models that learn in a moment: three matters, each with words of its own."""

import random
from itertools import product

from classify.training import Example

ROADS, RUBBISH, NOISE = "道路破损", "暴露垃圾", "噪声扰民"

_WORDS = {
    ROADS: (["路面", "人行道", "马路", "路口"], ["坑洼", "大坑", "开裂", "破损"], ["颠簸", "难走", "积水"]),
    RUBBISH: (["垃圾", "生活垃圾", "建筑垃圾", "厨余"], ["堆放", "成堆", "满溢", "没人清"], ["臭味", "苍蝇", "脏"]),
    NOISE: (["噪音", "音响", "施工声", "广场舞"], ["扰民", "吵闹", "轰鸣", "太大"], ["睡不着", "半夜", "凌晨"]),
}
_PLACES = ["人民路", "中山路", "和平里", "新村", "学校门口", "菜市场"]
_ENDS = ["请尽快处理", "希望解决", "影响出行", "很多天了"]


def letters(seed: int = 1, each: int = 60, *, cut: bool = True) -> list[Example]:
    """``each`` letters a matter, half of them cut into words if ``cut``; every letter is its own group."""
    dice = random.Random(seed)
    found = []
    for label, parts in _WORDS.items():
        every = list(product(_PLACES, *parts, _ENDS))
        for at, words in enumerate(dice.sample(every, each)):
            group = f"{label}{at}"
            if cut and at % 2:
                found.append(Example(label, group, words=words))
            else:
                found.append(Example(label, group, text="，".join(words) + "。"))
    return found
