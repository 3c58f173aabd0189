/**
 * What servers say in English, in Chinese: by the stable reason of an error and by the numbers of a choice.
 * What this table lacks, and what is in Chinese already, is shown as it came.
 */

import type { Assignment, Problem } from "../api/messages";
import { language, t } from "./language";

/** What errors mean, by their reason: `docs/errors.md` has the table. */
export const REASONS_ZH: Readonly<Record<string, string>> = {
  REQUEST_EMPTY: "请求中没有文字也没有文件。",
  INVALID_FIELD: "请求中有一项的值不对。",
  PLAN_INVALID: "计划不符合规则。",
  MODEL_NOT_SUPPORTED: "主机上没有运行环境能用这样的模型执行这项任务。",
  UNKNOWN_TASK_TYPE: "没有这种任务类型。",
  DUPLICATE_TASK_ID: "计划中有两个任务的编号相同。",
  UNKNOWN_INPUT: "任务中有它不接受的输入。",
  MISSING_INPUT: "任务缺少必需的输入。",
  ILL_TYPED_INPUT: "任务的一个输入类型不对。",
  UNKNOWN_REFERENCE: "任务引用了不存在的任务或输出。",
  PLAN_CYCLE: "计划中的任务互相等待。",
  INVALID_INPUT: "专家无法处理这个输入：不是图片、过大或为空等。",
  HASH_MISMATCH: "收到的文件与声明的校验值不符。",
  SIZE_MISMATCH: "收到的文件与声明的大小不符。",
  ARTIFACT_EMPTY: "文件是空的。",
  RUN_NOT_FOUND: "没有这个请求。",
  ARTIFACT_NOT_FOUND: "没有这个文件。",
  HOST_NOT_FOUND: "没有登记这个主机。",
  EXPERT_NOT_FOUND: "主机上没有这个专家。",
  MODEL_NOT_FOUND: "Hub 上没有这个模型或版本，或主机上没有这个文件夹。",
  NOT_FOUND: "所要的东西不存在。",
  SEQUENCE_OUT_OF_RANGE: "请求的记录没有那么长。",
  OFFSET_OUT_OF_RANGE: "文件没有那么长。",
  OUT_OF_RANGE: "超出了范围。",
  REQUEST_BEYOND_PLANNER: "规划器无法规划整个请求，或需要先问清楚。",
  PLANNER_UNAVAILABLE: "控制器缺少内置规划器所需的软件包或权重。",
  PLANNER_REFUSED: "语言模型拒绝规划这个请求。",
  PLAN_NOT_REPAIRED: "规划器两次写出了无效的计划。",
  LLM_CONTEXT_EXCEEDED: "请求太长，语言模型放不下。",
  LLM_QUOTA_EXHAUSTED: "语言模型服务的账户没有余额了。",
  NO_EXPERT: "没有主机有能做这项任务的专家。",
  EXPERT_TOO_LARGE: "专家需要的内存超过任何设备所有的。",
  EXPERT_NOT_LOADED: "专家在调用到达前被卸载了。",
  EXPERT_LOAD_FAILED: "专家加载失败。",
  MODEL_INCOMPLETE: "模型文件缺少执行任务所需的权重。",
  EXPERT_UNAVAILABLE: "专家在这台主机上缺少软件包、文件或设备。",
  EXPERT_RESERVED: "专家正被占用，不能卸载。",
  EXPERT_NOT_FETCHED: "专家的文件还不在主机上，请先下载。",
  EXPERT_EXISTS: "主机上已有同名的专家。",
  UNSAFE_MODEL: "模型只有不安全格式的权重或自带代码，不允许使用。",
  HUB_ACCESS_DENIED: "Hub 要求令牌，或令牌无权访问这个模型。",
  EXPORT_FAILED: "模型无法导出，或导出后的结果与原来不同。",
  LINK_UNUSABLE: "链接的内容被拒绝、过大、为空或没有可读的文字。",
  RUN_NOT_ENDED: "请求还没有结束。",
  NOT_AWAITING_APPROVAL: "请求没有在等待批准，或已不再等待。",
  NOT_CONFIGURED: "服务器缺少所需的设置。",
  FAILED_PRECONDITION: "系统目前的状态不允许这样做。",
  HOST_REPLACED: "另一个进程正以这个主机的名字登记。",
  ABORTED: "被其他操作抢先。",
  TOO_MANY_RUNS: "控制器上的请求已达上限，请稍后再试。",
  RUN_TOO_LARGE: "该请求产生的内容过大，请拆成几次请求。",
  SERVER_BUSY: "服务器正在处理的调用已达上限，请稍后再试。",
  TOO_MANY_CALLS: "此请求的步骤需要的专家调用超过了单个请求的上限，请减少项目。",
  REQUEST_TOO_LARGE: "请求的内容项太多，请分成几次发送。",
  INVALID_MESSAGE: "发送的内容不是此调用的消息。",
  QUEUE_FULL: "专家的队列已满，请稍后再试。",
  OUT_OF_MEMORY: "内存不足。",
  ARTIFACT_TOO_LARGE: "文件超过允许的大小。",
  RESULT_TOO_LARGE: "某个步骤的结果太大，请减少输入或项目。",
  STORAGE_FULL: "磁盘已满。",
  MESSAGE_TOO_LARGE: "消息超过服务器允许的大小。",
  LLM_RATE_LIMITED: "语言模型服务要求等待的时间超过了请求的期限。",
  HUB_RATE_LIMITED: "Hub 或托管服务要求稍后再试。",
  SERVER_UNREACHABLE: "服务器没有应答。",
  SERVER_STOPPING: "服务器正在关闭。",
  CONTROLLER_RESTARTED: "执行期间控制器重启了。",
  STORAGE_UNAVAILABLE: "控制器的数据库或文件存储目前无法使用，请稍后再试。",
  LLM_UNAVAILABLE: "语言模型没有应答，或应答不正确。",
  LLM_TIMED_OUT: "语言模型太久没有应答。",
  LLM_BROKE_OFF: "语言模型的回答中途断了。",
  HOST_UNREACHABLE: "主机没有应答。",
  HOST_DRAINING: "主机正在关闭。",
  WORKER_CRASHED: "工作进程已崩溃，或因没有反应而被结束。",
  ATTEMPT_STALLED: "专家太久没有动静，正改用另一个。",
  LINK_UNREACHABLE: "链接的服务器没有应答，或连接中断。",
  HUB_UNREACHABLE: "Hub 或托管服务没有应答，或连接中断。",
  DOWNLOAD_CORRUPT: "下载的文件与 Hub 给出的校验值不符，已删除。",
  DEADLINE_EXCEEDED: "时间不够，已超过期限。",
  CANCELLED: "请求已被停止。",
  CLIENT_LEFT: "太久没有人查看，请求已停止。",
  APPROVAL_TIMED_OUT: "没有人及时批准计划。",
  NOT_SERVED_YET: "这个版本还不提供此功能。",
  PERMISSION_DENIED: "没有权限。",
  UNAUTHENTICATED: "没有凭据，或凭据不对。",
  UPSTREAM_FAILED: "它所依赖的任务没有成功。",
  EXPERT_FAILED: "专家自身出错。",
  INTERNAL: "服务器内部错误，详情见其日志。",
};

/** Why one expert is before another, by the term in which it is most ahead: `docs/selection.md` has the terms. */
export const TERMS_ZH: Readonly<Record<string, string>> = {
  state: "更快可用",
  memory: "不必为它腾出内存",
  queue: "排队的更少",
  latency: "速度更快",
  failures: "失败更少",
  thrift: "更小",
  runtime: "比同一模型在另一运行环境上更快",
  popularity: "使用的人更多",
  accuracy: "更准确",
  default: "是默认的",
  choice: "未指定的选项它都接受",
  words: "其描述与任务相符",
  language: "懂这种语言",
  domain: "专为此领域而做",
  size: "输入大小合适",
  license: "许可证要求更少",
};

const IS_CHINESE = /\p{Script=Han}/u;
// What the server holds to be a difference worth a word.
const LEAST = 0.05;

/** What went wrong, in the language of the page, with the words of the server, which say what exactly. */
export function problemText({ reason, message }: Pick<Problem, "reason" | "message">): string {
  const meaning = language.value === "zh" && !IS_CHINESE.test(message) ? REASONS_ZH[reason] : undefined;
  return meaning ? t("withOriginal", { meaning, message }) : message;
}

/** Why an expert was chosen. In Chinese it is told by the numbers of a choice by rank; other choices have words of their own. */
export function choiceText({ reason = "", candidates = [], expertId, host }: Assignment, isByRank: boolean): string {
  const [first, second] = candidates;
  const isTold = language.value === "zh" && isByRank && first?.expertId === expertId && first.host === host;
  if (!isTold) return reason;
  if (!second) return t("onlyCandidate");
  const lead = Object.entries(first.features ?? {})
    .map(([term, value]) => ({ term, ahead: value - (second.features?.[term] ?? 0) }))
    .reduce((most, other) => (other.ahead > most.ahead ? other : most), { term: "", ahead: LEAST });
  const why = TERMS_ZH[lead.term];
  return why ? t("aheadOf", { other: second.expertId, why }) : t("firstByRank");
}
