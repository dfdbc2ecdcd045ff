/** The languages that the simulated server speaks; the first is its default. */
export const locales = ['zh_CN', 'en_US'] as const;
export type Locale = (typeof locales)[number];
export type Texts = Readonly<Record<Locale, string>>;

type Phrase = readonly [english: string, chinese: string];

const subjects: readonly Phrase[] = [
  ['called party', '被叫用户'],
  ['calling number', '主叫号码'],
  ['outgoing trunk', '出局中继'],
  ['media gateway', '媒体网关'],
  ['signaling link', '信令链路'],
  ['agent', '座席'],
  ['skill queue', '技能队列'],
  ['IVR flow', 'IVR流程'],
  ['voice resource', '语音资源'],
  ['call channel', '呼叫通道'],
  ['carrier route', '运营商路由'],
  ['number range', '号码段'],
  ['outbound task', '外呼任务'],
  ['blacklist lookup', '黑名单查询'],
  ['caller line identity', '主叫号码显示'],
  ['SIP server', 'SIP服务器'],
  ['trunk group', '中继群'],
  ['prefix table', '字冠表'],
  ['conference resource', '会议资源'],
  ['recording device', '录音设备'],
  ['license', '许可证'],
  ['callback request', '回呼请求'],
  ['dial plan', '拨号方案'],
  ['calling time window', '外呼时间段'],
  ['answer detector', '应答检测器'],
];

const conditions: readonly Phrase[] = [
  ['is busy', '忙'],
  ['is rejected', '被拒绝'],
  ['does not respond', '无响应'],
  ['is unavailable', '不可用'],
  ['is not configured', '未配置'],
  ['times out', '超时'],
  ['is suspended', '已暂停'],
  ['is out of service', '停止服务'],
  ['is congested', '拥塞'],
  ['is restricted', '受限'],
  ['is overloaded', '过载'],
  ['is invalid', '无效'],
  ['is released early', '被提前释放'],
  ['is being upgraded', '正在升级'],
  ['is lost', '丢失'],
  ['exceeds the limit', '超出限制'],
  ['fails the check', '校验失败'],
  ['is disconnected', '连接断开'],
  ['cannot be reached', '不可达'],
  ['is occupied', '被占用'],
];

const occasions: readonly Phrase[] = [
  ['during call setup', '呼叫建立时'],
  ['before alerting', '振铃前'],
  ['while the call is routed', '呼叫路由时'],
  ['after the call is connected', '呼叫接通后'],
  ['in the peer network', '对端网络中'],
  ['at the carrier', '运营商侧'],
  ['during transfer', '呼叫转移时'],
  ['while queuing', '排队时'],
  ['in predictive dialing', '预测外呼时'],
  ['during number analysis', '号码分析时'],
];

/**
 * A plausible reason for a failed call, composed by number: 5,000 different ones, after which they
 * carry a cause number too.
 */
export function composedTexts(number: number): Texts {
  const subjectIndex = number % subjects.length;
  const conditionIndex = Math.floor(number / subjects.length) + subjectIndex;
  const occasionIndex = Math.floor(number / (subjects.length * conditions.length));
  const round = Math.floor(occasionIndex / occasions.length);
  const [subject, subjectZh] = pick(subjects, subjectIndex);
  const [condition, conditionZh] = pick(conditions, conditionIndex);
  const [occasion, occasionZh] = pick(occasions, occasionIndex);
  const cause = round === 0 ? '' : ` (cause ${round})`;
  const causeZh = round === 0 ? '' : `（原因${round}）`;
  return {
    en_US: `The ${subject} ${condition} ${occasion}${cause}.`,
    zh_CN: `${occasionZh}${subjectZh}${conditionZh}${causeZh}。`,
  };
}

function pick(phrases: readonly Phrase[], index: number): Phrase {
  const phrase = phrases[index % phrases.length];
  if (phrase === undefined) throw new RangeError(`no phrase ${index}`);
  return phrase;
}
