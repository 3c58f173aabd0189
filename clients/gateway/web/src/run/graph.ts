import dagre from "@dagrejs/dagre";
import type { TaskView } from "./state";
import { artifactsIn, parentsOf } from "./references";

export interface GraphNode {
  readonly id: string;
  readonly kind: "file" | "task";
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface GraphEdge {
  readonly from: string;
  readonly to: string;
  /** Where it begins and ends. */
  readonly points: readonly [number, number, number, number];
}

export interface GraphLayout {
  readonly width: number;
  readonly height: number;
  readonly isUpright: boolean;
  readonly nodes: readonly GraphNode[];
  readonly edges: readonly GraphEdge[];
}

export const TASK_SIZE = { width: 188, height: 62 };
export const FILE_SIZE = { width: 62, height: 62 };
const MARGIN = 6;

/**
 * Places the tasks of a plan, and the files that they take: from left to right where there is room, else downwards.
 *
 * @param room The width that there is, in pixels.
 */
export function layout(tasks: readonly TaskView[], room: number): GraphLayout {
  const across = placed(tasks, false);
  if (across.width <= room) return across;
  const down = placed(tasks, true);
  return down.width < across.width ? down : across;
}

function placed(tasks: readonly TaskView[], isUpright: boolean): GraphLayout {
  const graph = new dagre.graphlib.Graph();
  graph.setGraph({
    rankdir: isUpright ? "TB" : "LR",
    nodesep: 18,
    ranksep: isUpright ? 30 : 44,
    marginx: MARGIN,
    marginy: MARGIN,
  });
  graph.setDefaultEdgeLabel(() => ({}));
  const ids = new Set(tasks.map((task) => task.id));
  for (const task of tasks) graph.setNode(task.id, { ...TASK_SIZE });
  for (const { id, task } of tasks) {
    for (const parent of task ? parentsOf(task) : []) if (ids.has(parent)) graph.setEdge(parent, id);
    for (const file of artifactsIn(task?.inputs)) {
      graph.setNode(file, { ...FILE_SIZE });
      graph.setEdge(file, id);
    }
  }
  dagre.layout(graph);
  const nodes = graph.nodes().map((id): GraphNode => {
    const { x, y, width, height } = graph.node(id) as { x: number; y: number; width: number; height: number };
    return { id, kind: ids.has(id) ? "task" : "file", x: x - width / 2, y: y - height / 2, width, height };
  });
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const edges = graph.edges().flatMap(({ v, w }): GraphEdge[] => {
    const from = byId.get(v);
    const to = byId.get(w);
    return from && to ? [{ from: v, to: w, points: ends(from, to, isUpright) }] : [];
  });
  const { width = 0, height = 0 } = graph.graph();
  return { width, height, isUpright, nodes, edges };
}

function ends(from: GraphNode, to: GraphNode, isUpright: boolean): GraphEdge["points"] {
  return isUpright
    ? [from.x + from.width / 2, from.y + from.height, to.x + to.width / 2, to.y]
    : [from.x + from.width, from.y + from.height / 2, to.x, to.y + to.height / 2];
}

/** The curve of an edge, as SVG draws paths. */
export function curve({ points: [x1, y1, x2, y2] }: GraphEdge, isUpright: boolean): string {
  const [middleX, middleY] = [(x1 + x2) / 2, (y1 + y2) / 2];
  return isUpright
    ? `M${x1} ${y1}C${x1} ${middleY} ${x2} ${middleY} ${x2} ${y2}`
    : `M${x1} ${y1}C${middleX} ${y1} ${middleX} ${y2} ${x2} ${y2}`;
}
