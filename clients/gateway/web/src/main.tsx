import { render } from "preact";
import "./style/base.css";
import "./style/frame.css";
import "./style/chat.css";
import "./style/run.css";
import "./style/plan.css";
import "./style/fleet.css";
import { restoreFiles } from "./conversation/draft";
import { begin } from "./conversation/reach";
import { refreshTaskTypes } from "./conversation/task_types";
import { App } from "./views/app";

begin();
void restoreFiles();
void refreshTaskTypes();
render(<App />, document.getElementById("app")!);
