import type { Task, Value, Values } from "../api/messages";

/** The tasks whose outputs a task takes, each once. */
export function parentsOf(task: Task): string[] {
  return [...new Set(flat(task.inputs).flatMap((value) => (value.output ? [value.output.taskId] : [])))];
}

/** The artifacts among values, each once, in order. */
export function artifactsIn(values: Values | undefined): string[] {
  return [...new Set(flat(values).flatMap((value) => (value.artifact ? [value.artifact] : [])))];
}

function flat(values: Values | undefined): Value[] {
  return Object.values(values ?? {}).flatMap(items);
}

function items(value: Value): Value[] {
  return value.list ? (value.list.items ?? []).flatMap(items) : [value];
}
