import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { approvePlan, cancelRun } from "../api/calls";
import { ApiError } from "../api/http";
import type { Plan, Task } from "../api/messages";
import { messageOf } from "../conversation/draft";
import { newId } from "../conversation/stored";
import { refreshTaskTypes } from "../conversation/task_types";
import { clock, t, taskTitle } from "../language/language";
import { parentsOf } from "../run/references";
import type { RunView } from "../run/state";
import { Icon } from "./icons";
import { PlanTask } from "./plan_task";

/** The plan as a form: nothing of it runs before it is approved, as it is or changed. */
export function PlanEditor({ view }: { view: RunView }): JSX.Element {
  const shown = view.approval?.plan ?? {};
  const plan = useSignal<Plan>(shown);
  const json = useSignal<string | undefined>(undefined);
  const trouble = useSignal<{ message: string; task?: string | undefined } | undefined>(undefined);
  const isBusy = useSignal(false);
  useEffect(() => void refreshTaskTypes(), []);

  const act = async (work: () => Promise<void>): Promise<void> => {
    if (isBusy.value) return;
    isBusy.value = true;
    trouble.value = undefined;
    try {
      await work();
    } catch (error) {
      const task = error instanceof ApiError ? error.metadata["task_id"] : undefined;
      trouble.value = { message: messageOf(error), task };
    }
    isBusy.value = false;
  };
  const approve = (): Promise<void> =>
    act(async () => {
      const wanted = json.value === undefined ? plan.value : parsed(json.value);
      if (!wanted.tasks?.length && !wanted.noTaskReason) throw new Error(t("emptyPlan"));
      const isSame = JSON.stringify(wanted) === JSON.stringify(shown);
      await approvePlan(view.name, isSame ? undefined : wanted, newId());
    });
  const change = (task: Task): void => {
    trouble.value = undefined;
    plan.value = { ...plan.value, tasks: plan.value.tasks?.map((other) => (other.id === task.id ? task : other)) ?? [] };
  };
  const remove = (task: Task): void => {
    const others = plan.value.tasks?.filter((other) => parentsOf(other).includes(task.id)) ?? [];
    if (others.length > 0) {
      const names = others.map((other) => taskTitle(other.type)).join(", ");
      trouble.value = { message: t("removeNeeded", { task: taskTitle(task.type), others: names }), task: task.id };
      return;
    }
    trouble.value = undefined;
    plan.value = { ...plan.value, tasks: plan.value.tasks?.filter((other) => other.id !== task.id) ?? [] };
  };
  const switchForm = (): void => {
    try {
      if (json.value === undefined) json.value = JSON.stringify(plan.value, null, 2);
      else {
        plan.value = parsed(json.value);
        json.value = undefined;
      }
      trouble.value = undefined;
    } catch (error) {
      trouble.value = { message: messageOf(error) };
    }
  };
  const { deadlineTime } = view.approval ?? {};
  return (
    <form
      class="plan-editor"
      aria-label={t("approvalTitle")}
      onSubmit={(event) => {
        event.preventDefault();
        void approve();
      }}
    >
      <h3>{t("approvalTitle")}</h3>
      <p class="hint">
        {t("approvalText")} {deadlineTime && t("approvalUntil", { time: clock(deadlineTime) })}
      </p>
      {json.value === undefined ? (
        plan.value.tasks?.map((task) => (
          <PlanTask
            key={task.id}
            task={task}
            plan={plan.value}
            trouble={trouble.value?.task === task.id ? trouble.value.message : ""}
            onChange={change}
            onRemove={() => remove(task)}
          />
        ))
      ) : (
        <textarea class="json" rows={16} spellcheck={false} aria-label={t("planJson")} value={json.value} onInput={(event) => (json.value = event.currentTarget.value)} />
      )}
      {trouble.value && (json.value !== undefined || !plan.value.tasks?.some((task) => task.id === trouble.value?.task)) && (
        <p class="trouble" role="alert">
          {trouble.value.message}
        </p>
      )}
      <div class="row">
        <button type="submit" class="primary" aria-disabled={isBusy.value}>
          <Icon name="check" size={17} />
          {t("approve")}
        </button>
        <button type="button" aria-disabled={isBusy.value} onClick={() => void act(() => cancelRun(view.name))}>
          {t("discard")}
        </button>
        <button type="button" class="quiet push" onClick={switchForm}>
          {t(json.value === undefined ? "editJson" : "editForm")}
        </button>
      </div>
    </form>
  );
}

function parsed(json: string): Plan {
  try {
    return JSON.parse(json) as Plan;
  } catch (error) {
    throw new Error(t("badJson", { message: messageOf(error) }));
  }
}
