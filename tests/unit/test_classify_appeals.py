"""What callers want, and danger to life: heard at once in many wordings, and not heard where there is none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classify.appeals import NOTHING, Appeals
from classify.cues import Cue, CueRule
from domain.catalogue import Urgency
from runtime.citypack import load
from runtime.settings import ROOT
from runtime.wiring import STANDARDS

APPEALS = Appeals(load(ROOT / "deploy" / "citypacks" / "demo", STANDARDS).cues)

EMERGENCIES = [
    "我家厨房燃气泄漏了，不敢开灯",
    "楼道里全是煤气味，呛得人头晕",
    "挖掘机把天然气管道挖断了，一直在往外喷气",
    "一楼饭店的液化气罐在漏气，滋滋响",
    "隔壁着火了，窗户往外冒浓烟，快派消防",
    "三单元五楼失火，有老人没下来",
    "路边的配电箱冒火，噼里啪啦响",
    "有个工人触电倒在地上没反应",
    "下雨天路灯杆漏电，刚才电倒了一个小孩",
    "电线断了掉在地上，旁边还有积水",
    "有小孩掉进人工湖里了，快来救人",
    "河边有人落水，正在扑腾",
    "马路中间的井盖不见了，天黑很容易掉下去",
    "人行道上没有井盖，一个老太太踩空了",
    "雨水井盖被大车压翻，井口敞开着",
    "污水井的井盖丢了两天，现在还敞着口",
    "菜场门口路面突然塌陷，一辆电动车掉下去了",
    "工地的围墙倒了，压到人了",
    "居民楼后面山体滑坡，泥都冲进屋里了",
    "老房子塌了一半，里面可能还有人被埋",
    "电梯突然停在八楼，里面有人被困",
    "我妈被困在电梯里了，物业不接电话",
    "楼顶站着一个姑娘要跳楼",
    "邻居喝农药了，躺在地上",
    "有人在学校门口持刀乱砍",
    "广告牌被风吹掉下来砸到人了",
    "化工厂氯气泄漏，眼睛都睁不开",
    "学校食堂吃完饭几十个孩子食物中毒",
    "去年也漏过一次，今天煤气又泄漏了，味道特别大",
    "楼下小饭馆的煤气罐炸了，玻璃碎一地",
    "出租屋里有股很浓的燃气臭味，房东联系不上",
    "马路上的下水道盖子没了，就一个大窟窿",
    "自行车骑进没盖的窨井里了，人摔得不轻",
    "电动车在楼道充电烧起来了",
    "对面楼八层阳台冒火苗",
    "山上的树林起火了，风很大",
    "小朋友被关在电梯里哭，已经二十分钟",
    "孩子卡在电梯里出不来",
    "有个老人掉水库里了",
    "钓鱼的人触电了，躺在岸边",
    "高压电线垂到地面冒火花",
    "工地脚手架垮了，有工人被压住",
    "隔壁二楼的墙塌下来埋了两个人",
    "地面裂开一个大坑，公交车陷进去了",
    "大桥栏杆外面坐着个小伙子要往下跳",
    "小区有人拿菜刀追着人砍",
    "煤气中毒，一家三口都昏迷了",
    "广场边围栏倒下来压住一个小孩",
    "化工罐车翻了，白色气体往外冒",
    "五楼住户的热水器漏气，人已经熏倒了",
    "小区门口烧烤摊煤气瓶呼呼喷火",
    "阳台堆的纸箱烧着了，火往楼上窜",
    "变电箱噼啪响还冒烟",
    "路上有根电线耷拉下来，碰到的人麻了一下",
    "护栏边一个小孩踩空掉到江里了",
    "污水井盖不翼而飞，昨晚有人一脚踏空",
    "二十楼电梯突然下坠，里面三个人",
    "旧房子屋顶垮下来，老奶奶还在屋里",
    "施工的坑塌方把工人埋了",
    "有个女的站在天台上说要跳下去",
    "我爸突然倒地没呼吸了，快派救护车",
    "货车和面包车相撞，车祸现场有人流血",
    "路边一辆液化气槽车翻了，气味刺鼻",
    "校门口一个男的拿着刀乱砍",
    "晚上骑车掉进没有盖子的阴井里",
    "幼儿园好多小朋友上吐下泻，怀疑食物中毒",
    "河边洗衣服的阿姨滑到河里去了",
    "工地坍塌了，快派人来",
    "这里有人受伤，流了好多血",
    "高压线断了拖在人行道上",
    "孩子坠井了，快救人",
]

DANGERS = [
    "小区外墙瓷砖松了，随时会掉下来",
    "那堵墙已经歪了，摇摇欲坠",
    "电线裸露着垂在半空",
    "主水管爆裂，整条街都是水",
    "消防通道被私家车堵死了",
    "井盖破裂了一道大口子，车一过就响",
    "地下车库被淹，水深齐腰",
]

NONE = [
    "没有闻到燃气味，只是想问一下开户要什么材料",
    "我这里并没有着火，是隔壁在烧菜",
    "如果家里着火怎么办，社区有没有培训",
    "万一电梯里有人被困，该打哪个电话",
    "担心煤气泄漏，希望上门检查一下管道",
    "请问燃气泄漏应急预案在哪里可以下载",
    "去年冬天这里着火烧了三家，到现在赔偿还没谈拢",
    "前年有个孩子在这个水塘溺水，一直没人装护栏",
    "昨天厨房起火已扑灭，想开个证明",
    "早上路面塌陷的地方已经修好了，谢谢",
    "街道明天要搞火灾演练，会不会停电",
    "希望学校多组织防溺水宣传",
    "楼上空调的落水管滴水扰民",
    "跳楼价甩卖的喇叭从早吵到晚",
    "为了避免有人触电，建议给路灯加保护",
    "小区的消防栓没有水",
    "井盖有响声，半夜吵得睡不着",
    "我想咨询公积金怎么提取",
    "广场舞音乐太大了",
    "路灯不亮",
    "家里燃气表没有电了怎么换",
    "天然气公司的客服电话是多少",
    "煤气费涨价太离谱",
    "消防车通道划线不清楚",
    "希望普及触电急救知识",
    "老公房电线老化，要求改造",
    "井盖上的字看不清",
    "昨晚的火灾已经扑灭，谢谢消防员",
    "如发生燃气泄漏应拨打哪个电话",
    "游泳馆水质差，孩子起疹子",
    "我妈去年触电住院，医保没报",
    "爆炸性新闻满天飞，请辟谣",
    "电梯没有年检标志",
    "楼上跳绳咚咚响",
    "落水狗没人管",
    "我想申请安装天然气，要多久",
    "煤气公司抄表员态度恶劣",
    "消防栓漏水没人修",
    "楼道堆放杂物容易引起火灾",
    "希望在水库边立防溺水警示牌",
    "电梯经常坏，物业不修",
    "三年前这里塌方，补偿还没到位",
    "电线太乱影响美观",
    "小区里有人遛狗不牵绳",
    "咨询食物中毒的赔偿标准",
    "井盖噪音大，晚上睡不着",
    "建议给独居老人装燃气报警器",
    "树枝挡住了红绿灯",
    "桥下有人摆摊",
    "路面坑洼不平",
]


@pytest.mark.parametrize("text", EMERGENCIES)
def test_danger_to_life_goes_ahead_at_once(text: str) -> None:
    heard = APPEALS.heard(text)
    assert heard.urgency is Urgency.CRITICAL
    assert heard.reason.startswith("emergency: ")


@pytest.mark.parametrize("text", DANGERS)
def test_what_soon_may_hurt_somebody_is_urgent(text: str) -> None:
    assert APPEALS.heard(text).urgency is Urgency.URGENT


@pytest.mark.parametrize("text", NONE)
def test_denied_supposed_past_rehearsed_and_ended_dangers_are_none(text: str) -> None:
    assert APPEALS.heard(text).urgency is Urgency.NORMAL


@pytest.mark.parametrize(
    ("text", "wants"),
    [
        ("请问居住证怎么办理，需要什么材料", Cue.INQUIRY),
        ("想了解一下老年卡几时可以领", Cue.INQUIRY),
        ("我要投诉物业，电梯坏了半个月无人管", Cue.COMPLAINT),
        ("楼下烧烤店油烟扰民，强烈要求处理", Cue.COMPLAINT),
        ("举报隔壁棋牌室聚众赌博", Cue.TIP),
        ("建议在路口增设一个红绿灯", Cue.SUGGESTION),
        ("表扬城管队员小张，态度很好，帮我找回了钱包", Cue.PRAISE),
        ("送一面锦旗，衷心感谢抢修师傅冒雨接通水管", Cue.PRAISE),
        ("孩子上学困难，恳请领导帮帮我们", Cue.HELP),
        ("路灯", None),
    ],
)
def test_what_the_caller_wants_is_heard(text: str, wants: Cue | None) -> None:
    assert APPEALS.heard(text).wants is wants


def test_thanks_at_the_end_of_a_complaint_are_no_praise() -> None:
    assert APPEALS.heard("投诉商家乱收费，请尽快处理，非常感谢").wants is Cue.COMPLAINT


def test_who_tells_a_long_story_first_is_not_in_danger_now() -> None:
    story = "关于小区物业费上涨一事，业主们多次沟通未果，" * 10
    assert APPEALS.heard(f"{story}楼上起火").urgency is Urgency.NORMAL
    assert APPEALS.heard(f"楼上起火，{story}").urgency is Urgency.CRITICAL


def test_a_city_adds_its_own_words() -> None:
    own = Appeals([CueRule(Cue.EMERGENCY, ("闸门+失灵",), unless=("模型",))])
    assert own.heard("三号闸门突然失灵了").urgency is Urgency.CRITICAL
    assert own.heard("三号闸门的模型失灵了").urgency is Urgency.NORMAL
    assert own.heard("三号闸门正常。失灵的是对讲机").urgency is Urgency.NORMAL


@given(st.text(max_size=300))
def test_any_text_is_answered(text: str) -> None:
    heard = APPEALS.heard(text)
    assert (heard == NOTHING) is (heard.reason == "")


@given(
    st.sampled_from(EMERGENCIES),
    st.sampled_from(["", "你好，", "喂，喂，", "我在人民路。"]),
    st.sampled_from(["", "，快点", "！！"]),
)
def test_greetings_and_cries_change_nothing(text: str, before: str, after: str) -> None:
    assert APPEALS.heard(before + text + after).urgency is Urgency.CRITICAL
