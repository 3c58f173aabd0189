import { useComputed, useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { contentAddress } from "../api/calls";
import { artifact } from "../conversation/artifacts";
import { t, taskTitle } from "../language/language";
import { curve, layout, type GraphEdge, type GraphNode } from "../run/graph";
import { fractionOf, type RunView, type TaskView } from "../run/state";
import { PhaseShape, stepId } from "./steps";

/** Where the words of a node begin, in pixels from its left. */
const TEXT_X = 40;

/** The plan as a graph: it grows as tasks are planned, and shows where each of them is. */
export function PlanGraph({ view }: { view: RunView }): JSX.Element {
  const box = useRef<HTMLDivElement>(null);
  const room = useSignal(0);
  useLayoutEffect(() => {
    const element = box.current;
    if (!element) return undefined;
    const measure = (): void => {
      room.value = element.clientWidth;
    };
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, []);

  // Only what decides the places: the graph is not laid out anew at each step forward.
  const tasks = useSignal(view.tasks);
  const shape = view.tasks.map((task) => `${task.id} ${JSON.stringify(task.task?.inputs ?? {})}`).join("\n");
  const shapeNow = useSignal(shape);
  if (shapeNow.peek() !== shape) {
    tasks.value = view.tasks;
    shapeNow.value = shape;
  }
  const placed = useComputed(() => layout(tasks.value, room.value || 720)).value;
  const byId = new Map(view.tasks.map((task) => [task.id, task]));
  return (
    <div class="graph-box" ref={box}>
      <svg
        class="graph"
        role="group"
        aria-label={t("plan")}
        width={placed.width}
        height={placed.height}
        viewBox={`0 0 ${placed.width} ${placed.height}`}
      >
        {placed.edges.map((edge) => (
          <path key={`${edge.from} ${edge.to}`} class="edge" data-state={flowOf(edge, byId)} d={curve(edge, placed.isUpright)} />
        ))}
        {placed.nodes.map((node) => {
          const task = byId.get(node.id);
          return task ? <TaskNode key={node.id} node={node} task={task} view={view} /> : <FileNode key={node.id} node={node} />;
        })}
      </svg>
    </div>
  );
}

function flowOf({ from, to }: GraphEdge, tasks: ReadonlyMap<string, TaskView>): string {
  const source = tasks.get(from);
  const target = tasks.get(to);
  if (target?.phase === "running") return "flowing";
  if (source && source.phase !== "succeeded") return "waiting";
  return target?.phase === "succeeded" ? "done" : "ready";
}

function TaskNode({ node, task, view }: { node: GraphNode; task: TaskView; view: RunView }): JSX.Element {
  const title = taskTitle(task.task?.type ?? task.id);
  const phase = t(`phase_${task.phase}`);
  const second = task.expertId || phase;
  const fraction = task.phase === "running" ? (fractionOf(task) ?? 0) : 0;
  const open = (): void => {
    const step = document.getElementById(stepId(view, task.id));
    const summary = step?.querySelector("summary");
    if (step instanceof HTMLDetailsElement && !step.open) summary?.click();
    summary?.focus();
  };
  return (
    <g
      class="node"
      role="button"
      tabindex={0}
      aria-label={task.expertId ? t("nodeLabel", { task: title, expert: task.expertId, phase }) : `${title}, ${phase}`}
      data-task={task.id}
      data-state={task.phase}
      style={{ transform: `translate(${node.x}px, ${node.y}px)` }}
      onClick={open}
      onKeyDown={(event) => {
        if (event.key !== "Enter" && event.key !== " ") return;
        event.preventDefault();
        open();
      }}
    >
      <g class="node-inner">
        <rect class="node-ground" width={node.width} height={node.height} rx="13" />
        <g transform="translate(13 13)">
          <g class="phase" data-state={task.phase}>
            <PhaseShape phase={task.phase} />
          </g>
        </g>
        <foreignObject x={TEXT_X} y="0" width={node.width - TEXT_X - 10} height={node.height}>
          <div class="node-words">
            <span class="node-title">{title}</span>{" "}
            <span class="node-expert">{second}</span>
          </div>
        </foreignObject>
        {fraction > 0 && <rect class="node-progress" x="14" y={node.height - 5} width={(node.width - 28) * fraction} height="2.500" rx="1.250" />}
      </g>
    </g>
  );
}

function FileNode({ node }: { node: GraphNode }): JSX.Element {
  const described = artifact(node.id).value;
  const fileName = described?.fileName ?? "";
  const isPicture = described?.mediaType.startsWith("image/");
  const clip = `clip-${node.id.replace("/", "-")}`;
  return (
    <g class="node file-node" role="img" aria-label={t("fileNode", { name: fileName })} style={{ transform: `translate(${node.x}px, ${node.y}px)` }}>
      <g class="node-inner">
        <title>{fileName}</title>
        <clipPath id={clip}>
          <rect width={node.width} height={node.height} rx="13" />
        </clipPath>
        <rect class="node-ground" width={node.width} height={node.height} rx="13" />
        {isPicture ? (
          <image href={contentAddress(node.id)} width={node.width} height={node.height} preserveAspectRatio="xMidYMid slice" clip-path={`url(#${clip})`} />
        ) : (
          <text class="file-node-kind" x={node.width / 2} y={node.height / 2 + 4}>
            {extension(fileName)}
          </text>
        )}
      </g>
    </g>
  );
}

function extension(fileName: string): string {
  const dot = fileName.lastIndexOf(".");
  return dot < 0 ? "" : fileName.slice(dot + 1, dot + 6).toUpperCase();
}
