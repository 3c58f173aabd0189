/** The task types on offer: their inputs, for plans to be edited; and whether there is an expert for each. */

import { signal } from "@preact/signals";
import { taskTypes as ask } from "../api/calls";
import type { ListedTaskType, TaskType } from "../api/messages";

export const offered = signal<readonly ListedTaskType[]>([]);

export function taskType(name: string): TaskType | undefined {
  return offered.value.find((listed) => listed.taskType.name === name)?.taskType;
}

export async function refreshTaskTypes(): Promise<void> {
  try {
    offered.value = await ask();
  } catch {
    // What was on offer before stays; the page says by itself when nobody answers.
  }
}
