import type { JSX } from "preact";
import type { Parameter, Plan, Task, Value } from "../api/messages";
import { taskType } from "../conversation/task_types";
import { sentence, t, taskTitle } from "../language/language";
import { Icon } from "./icons";
import { PlanField } from "./plan_field";

interface Editing {
  readonly task: Task;
  readonly plan: Plan;
  readonly trouble: string;
  readonly onChange: (task: Task) => void;
  readonly onRemove: () => void;
}

/** One task of a plan that is edited: a field for each of its inputs, and what could be said besides. */
export function PlanTask({ task, plan, trouble, onChange, onRemove }: Editing): JSX.Element {
  const inputs = task.inputs ?? {};
  const parameters = taskType(task.type)?.inputs ?? [];
  const names = [
    ...parameters.map((parameter) => parameter.name).filter((name) => name in inputs),
    ...Object.keys(inputs).filter((name) => !parameters.some((parameter) => parameter.name === name)),
  ];
  const unset = parameters.filter((parameter) => parameter.optional && !(parameter.name in inputs));
  const set = (name: string, value: Value): void => onChange({ ...task, inputs: { ...inputs, [name]: value } });
  const unsetInput = (name: string): void => {
    const { [name]: _, ...others } = inputs;
    onChange({ ...task, inputs: others });
  };
  const title = taskTitle(task.type);
  return (
    <fieldset class="plan-task" aria-label={task.id}>
      <div class="plan-task-head">
        <strong>{title}</strong>
        <code>{task.id}</code>
        <button type="button" class="quiet icon-only push" aria-label={t("removeTask", { task: task.id })} title={t("removeTask", { task: task.id })} onClick={onRemove}>
          <Icon name="trash" size={17} />
        </button>
      </div>
      {names.map((name) => {
        const parameter = parameters.find((other) => other.name === name);
        return (
          <div key={name} class="plan-input">
            <PlanField
              id={`${task.id}-${name}`}
              label={sentence(name)}
              parameter={parameter}
              value={inputs[name] ?? {}}
              plan={plan}
              task={task.id}
              onChange={(value) => set(name, value)}
            />
            {parameter?.optional && (
              <button type="button" class="quiet icon-only" aria-label={t("removeInput", { name: sentence(name) })} onClick={() => unsetInput(name)}>
                <Icon name="close" size={16} />
              </button>
            )}
          </div>
        );
      })}
      {unset.length > 0 && (
        <select
          class="add-input"
          aria-label={`${task.id}: ${t("addInput")}`}
          value=""
          onChange={(event) => {
            const parameter = unset.find((other) => other.name === event.currentTarget.value);
            event.currentTarget.value = "";
            if (parameter) set(parameter.name, initial(parameter));
          }}
        >
          <option value="">{t("addInput")}</option>
          {unset.map((parameter) => (
            <option key={parameter.name} value={parameter.name} title={parameter.description ?? ""}>
              {sentence(parameter.name)}
            </option>
          ))}
        </select>
      )}
      {trouble && (
        <p class="trouble" role="alert">
          {trouble}
        </p>
      )}
    </fieldset>
  );
}

function initial({ kind, choices, minimum, maximum, repeated }: Parameter): Value {
  if (repeated) return { list: { items: [] } };
  if (kind === "PARAMETER_KIND_NUMBER") return { number: Math.min(Math.max(1, minimum ?? 1), maximum ?? 1) };
  if (kind === "PARAMETER_KIND_BOOLEAN") return { boolean: true };
  if (kind === "PARAMETER_KIND_TEXT") return { text: choices?.[0] ?? "" };
  if (kind === "PARAMETER_KIND_JSON") return { json: {} };
  return {};
}
