import type { JSX } from "preact";
import { artifact } from "../conversation/artifacts";
import { ask, type Turn } from "../conversation/conversation";
import * as draft from "../conversation/draft";
import { duration, t } from "../language/language";
import { problemText } from "../language/reasons";
import { hasEnded, isRefused, type RunView, undoneCount } from "../run/state";
import { replace } from "../route";
import { Answer } from "./answer";
import { ArtifactView } from "./artifact";
import { PlanEditor } from "./plan_editor";
import { PlanGraph } from "./plan_graph";
import { Questions, Refusal } from "./refusal";
import { Steps } from "./steps";
import { Icon } from "./icons";

export function TurnView({ turn, number }: { turn: Turn; number: number }): JSX.Element {
  const view = turn.view.value;
  const sight = turn.sight.value;
  const state = sight === "gone" ? "gone" : typeof sight === "object" ? "failed" : view.phase;
  const mayAskAgain = hasEnded(view.phase) || typeof sight === "object";
  return (
    <article class="turn" aria-label={t("turn", { number })} data-state={state === "starting" ? "running" : state} data-run={view.name}>
      <WishView view={view} />
      <div class="run">
        {sight === "gone" && <p class="trouble">{t("gone")}</p>}
        {sight === "away" && <p class="away">{t("away")}</p>}
        {typeof sight === "object" && (
          <p class="trouble" role="alert">
            {sight.error}
          </p>
        )}
        {sight !== "gone" && typeof sight !== "object" && <Progress view={view} />}
        {view.tasks.length > 0 && <PlanGraph view={view} />}
        {view.phase === "awaiting" && <PlanEditor view={view} />}
        <Notes view={view} />
        {view.phase !== "awaiting" && !isRefused(view) && view.tasks.length > 0 && <Steps view={view} />}
        <Answer view={view} />
        <Questions view={view} />
        <Refusal view={view} />
        {mayAskAgain && (
          <div class="row after">
            <button type="button" class="quiet" onClick={() => void again(view)}>
              <Icon name="again" size={17} />
              {t("askAgain")}
            </button>
            <button type="button" class="quiet" onClick={() => edit(view)}>
              <Icon name="pen" size={17} />
              {t("editAgain")}
            </button>
          </div>
        )}
      </div>
    </article>
  );
}

function WishView({ view }: { view: RunView }): JSX.Element | null {
  const text = textOf(view);
  const artifacts = artifactsOf(view);
  if (!text && artifacts.length === 0) return null;
  return (
    <div class="wish">
      <h2 class="hidden">{t("you")}</h2>
      {artifacts.length > 0 && (
        <ul class="wish-files">
          {artifacts.map((name) => (
            <li key={name}>
              <ArtifactView name={name} isSmall />
            </li>
          ))}
        </ul>
      )}
      {text && <p>{text}</p>}
    </div>
  );
}

function Progress({ view }: { view: RunView }): JSX.Element {
  return (
    <p class="progress-line" role="status">
      <span class="state-dot" data-state={undoneCount(view) > 0 ? "failed" : view.phase} aria-hidden="true" />
      {said(view)}
    </p>
  );
}

function said(view: RunView): string {
  const time = duration(view.durationMs ?? 0);
  const undone = undoneCount(view);
  if (undone > 0) return t("doneInPart", { time, undone, count: view.tasks.length });
  if (view.phase === "succeeded") return t("done", { time });
  if (isRefused(view)) return t("notBegun");
  if (view.phase === "failed") return t("failedAfter", { time });
  if (view.phase === "cancelled") return t("cancelled");
  if (view.phase === "awaiting") return t("waitingForApproval");
  if (view.stages.STAGE_RESPOND) return t("answering");
  if (view.tasks.length === 0) return t("planning");
  return t("working", { done: view.tasks.filter((task) => hasEnded(task.phase)).length, count: view.tasks.length });
}

function Notes({ view }: { view: RunView }): JSX.Element | null {
  const notes = [
    ...view.rejections.map((problem) => t("mended", { message: problemText(problem) })),
    ...(view.plan?.noTaskReason && view.phase === "succeeded" && !view.answer.includes(view.plan.noTaskReason) ? [t("noTasks", { reason: view.plan.noTaskReason })] : []),
    ...(view.approval?.edited ? [t("edited")] : []),
    ...(view.doubts.length > 0 ? [`${t("doubts")} ${view.doubts.join(" ")}`] : []),
  ];
  if (notes.length === 0) return null;
  return (
    <ul class="notes">
      {notes.map((note) => (
        <li key={note}>{note}</li>
      ))}
    </ul>
  );
}

async function again(view: RunView): Promise<void> {
  await send(textOf(view), artifactsOf(view));
}

/** Puts a request back to where requests are written, its files too; what is being written there stays. */
function edit(view: RunView): void {
  draft.text.value = [draft.text.value.trim(), textOf(view)].filter(Boolean).join("\n");
  for (const name of artifactsOf(view)) {
    const described = artifact(name).value;
    if (described) draft.addArtifact(described);
  }
  document.querySelector<HTMLTextAreaElement>("#request")?.focus();
}

function textOf(view: RunView): string {
  return view.messages.map((message) => message.text ?? "").join("\n");
}

function artifactsOf(view: RunView): string[] {
  return view.messages.flatMap((message) => message.artifacts ?? []);
}

/** Sends a request as it stands; what goes wrong is said where requests are written. */
export async function send(text: string, artifacts: readonly string[]): Promise<void> {
  try {
    const id = await ask({ text, artifacts, askFirst: draft.askFirst.value });
    replace(`#/chat/${id}`);
  } catch (error) {
    draft.complain(draft.messageOf(error));
  }
}
