import { render } from "preact";
import "uplot/dist/uPlot.min.css";
import { App } from "./app.tsx";
import "./style.css";

const place = document.getElementById("console");
if (place) render(<App />, place);
