import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { duration, number, t, taskTitle } from "../language/language";
import { choiceText, problemText } from "../language/reasons";
import { artifact } from "../conversation/artifacts";
import { shortName } from "../conversation/hosts";
import { artifactsIn } from "../run/references";
import { fractionOf, itemsDone, type RunView, type TaskPhase, type TaskView } from "../run/state";
import { Alternatives } from "./alternatives";
import { ValueList } from "./value";

/** The tasks of a run, one below the other: open while they run, folded when they are done. */
export function Steps({ view }: { view: RunView }): JSX.Element {
  return (
    <ol class="steps" aria-label={t("steps")}>
      {view.tasks.map((task) => (
        <li key={task.id}>
          <Step task={task} view={view} />
        </li>
      ))}
    </ol>
  );
}

function Step({ task, view }: { task: TaskView; view: RunView }): JSX.Element {
  const chosen = useSignal<boolean | undefined>(undefined);
  const isOpen = chosen.value ?? (task.phase === "running" || task.phase === "failed");
  return (
    <details class="step" id={stepId(view, task.id)} data-step={task.id} data-state={task.phase} open={isOpen}>
      <summary
        onClick={(event) => {
          event.preventDefault();
          chosen.value = !isOpen;
        }}
      >
        <PhaseMark phase={task.phase} />
        <span class="step-title">
          {taskTitle(task.task?.type ?? task.id)}
          <FileOfStep task={task} view={view} />
        </span>
        <span class="step-expert">
          {task.expertId && t("expertOnHost", { expert: task.expertId, host: shortName(task.host) })}
        </span>
        <span class="step-time">{timeOf(task)}</span>
      </summary>
      {isOpen && <StepBody task={task} view={view} />}
    </details>
  );
}

/** The file that tells a step from others of its type. */
function FileOfStep({ task, view }: { task: TaskView; view: RunView }): JSX.Element | null {
  const [file] = artifactsIn(task.task?.inputs);
  const isAlone = view.tasks.filter((other) => other.task?.type === task.task?.type).length < 2;
  const fileName = file && !isAlone ? artifact(file).value?.fileName : undefined;
  return fileName ? <span class="step-file"> · {fileName}</span> : null;
}

function StepBody({ task, view }: { task: TaskView; view: RunView }): JSX.Element {
  const fraction = fractionOf(task);
  const written = Object.entries(task.texts).filter(([, text]) => text);
  const previews = Object.entries(task.previews);
  const { outputs, error } = task.result ?? {};
  return (
    <div class="step-body">
      {task.phase === "running" && (
        <div class="step-progress">
          <progress aria-label={taskTitle(task.task?.type ?? task.id)} {...(fraction === undefined ? {} : { max: 1, value: fraction })} />
          <span>
            {[task.message, task.itemCount > 0 && t("items", { done: itemsDone(task), count: task.itemCount })].filter(Boolean).join(" · ")}
          </span>
        </div>
      )}
      {task.attempt > 1 && <p class="hint">{t("attempt", { number: number(task.attempt) })}</p>}
      {task.failures.map((failure, place) => (
        <p key={place} class="attempt-failed">
          {t("attemptFailed", { expert: failure.expertId, message: failure.error ? problemText(failure.error) : "" })}{" "}
          {failure.retried && t("nextAttempt")}
        </p>
      ))}
      {error && !task.failures.some((failure) => failure.error?.message === error.message) && (
        <p class="attempt-failed">{problemText(error)}</p>
      )}
      {task.phase === "running" &&
        written.map(([key, text]) => (
          <p key={key} class="step-text" aria-label={t("written")}>
            {text}
          </p>
        ))}
      {!outputs && previews.length > 0 && (
        <div class="previews">
          {previews.map(([item, preview]) => preview.mediaType.startsWith("image/") && <img key={item} src={preview.address} alt={t("preview")} />)}
        </div>
      )}
      {task.task?.inputs && (
        <section>
          <h3>{t("input")}</h3>
          <ValueList values={task.task.inputs} isSmall />
        </section>
      )}
      {outputs && (
        <section>
          <h3>{t("output")}</h3>
          <ValueList values={outputs} />
        </section>
      )}
      {task.assignment?.reason && (
        <p class="hint">
          {t("why")} {choiceText(task.assignment, view.stages.STAGE_SELECT?.performer === "rank")}
        </p>
      )}
      <Alternatives task={task} view={view} />
    </div>
  );
}

/** Says where a task is, by its form and not by its colour alone. */
export function PhaseMark({ phase }: { phase: TaskPhase }): JSX.Element {
  return (
    <svg class="phase" data-state={phase} width="18" height="18" viewBox="0 0 18 18" role="img" aria-label={t(`phase_${phase}`)}>
      <PhaseShape phase={phase} />
    </svg>
  );
}

export function PhaseShape({ phase }: { phase: TaskPhase }): JSX.Element {
  return (
    <>
      <circle class="phase-ring" cx="9" cy="9" r="7.500" />
      {phase === "running" && <path class="phase-turning" d="M9 1.500a7.500 7.500 0 0 1 7.500 7.500" />}
      {phase === "succeeded" && <path class="phase-sign" d="M5.500 9.300l2.400 2.400 4.600-5" />}
      {phase === "failed" && <path class="phase-sign" d="M6.300 6.300l5.400 5.400M11.700 6.300l-5.400 5.400" />}
      {(phase === "skipped" || phase === "cancelled") && <path class="phase-sign" d="M5.500 9h7" />}
    </>
  );
}

export function stepId(view: RunView, task: string): string {
  return `step-${view.name.replace("/", "-")}-${task}`;
}

function timeOf(task: TaskView): string {
  if (task.durationMs !== undefined) return duration(task.durationMs);
  return t(`phase_${task.phase}`);
}
