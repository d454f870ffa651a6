/*
 * Draws every [data-chart="id"] from the <script type="application/json" id="id"> beside it (Django's json_script).
 * Loaded on chart pages alone. The same figures stand in a table below, for those who can't see the drawing.
 */
import { BarChart, LineChart } from "echarts/charts";
import { AriaComponent, GridComponent, LegendComponent, MarkLineComponent, TooltipComponent } from "echarts/components";
import * as echarts from "echarts/core";
import { SVGRenderer } from "echarts/renderers";

echarts.use([
  LineChart, BarChart, GridComponent, TooltipComponent, LegendComponent, AriaComponent, MarkLineComponent, SVGRenderer,
]);

interface Series {
  name: string;
  data: (number | null)[];
  kind?: "line" | "bar";
}

interface Mark {
  at: string;
  label: string;
}

/* What a page hands over: x are the labels of the axis (dates are written by the server in the person's language). */
interface Figures {
  kind: "line" | "bar";
  x: string[];
  series: Series[];
  unit?: string;
  stacked?: boolean;
  marks?: Mark[];
  label?: string;
}

/* ECharts can't read oklch() or light-dark(); the browser is asked for the plain colour of a token. */
function colour(token: string): string {
  const probe = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const holder = document.createElement("span");
  holder.style.color = `var(${token})`;
  document.body.append(holder);
  const value = getComputedStyle(holder).color;
  holder.remove();
  if (!probe) return value;
  probe.fillStyle = value;
  probe.fillRect(0, 0, 1, 1);
  const [red, green, blue] = probe.getImageData(0, 0, 1, 1).data;
  return `rgb(${red}, ${green}, ${blue})`;
}

const SERIES_TOKENS = ["--fm-accent", "--fm-amber", "--fm-blue", "--fm-red", "--fm-green", "--fm-text-quiet"];

function lines(figures: Figures): object[] {
  return figures.series.map((series, index) => ({
    name: series.name,
    type: series.kind ?? figures.kind,
    data: series.data,
    stack: figures.stacked ? "all" : undefined,
    showSymbol: series.data.length < 40,
    symbolSize: 6,
    connectNulls: false,
    barMaxWidth: 28,
    lineStyle: { width: 2.25 },
    markLine: index === 0 && figures.marks?.length ? marks(figures.marks) : undefined,
  }));
}

function marks(list: Mark[]): object {
  return {
    symbol: "none",
    silent: true,
    lineStyle: { color: colour("--fm-text-quiet") },
    label: { color: colour("--fm-text"), textBorderWidth: 0, position: "insideEndTop" },
    data: list.map((mark) => ({ xAxis: mark.at, label: { formatter: mark.label } })),
  };
}

function option(figures: Figures): echarts.EChartsCoreOption {
  const text = colour("--fm-text-quiet");
  const line = colour("--fm-line");
  const language = document.documentElement.lang;
  const figure = new Intl.NumberFormat(language, { maximumFractionDigits: 2 });
  const short = new Intl.NumberFormat(language, { notation: "compact", maximumFractionDigits: 1 });
  const unit = figures.unit ? ` ${figures.unit}` : "";
  return {
    animation: !matchMedia("(prefers-reduced-motion: reduce)").matches,
    animationDuration: 350,
    color: SERIES_TOKENS.map(colour),
    textStyle: { fontFamily: getComputedStyle(document.body).fontFamily, color: text },
    aria: { enabled: true, label: figures.label ? { description: figures.label } : undefined },
    grid: { left: 4, right: 12, top: figures.series.length > 1 ? 36 : 12, bottom: 4, outerBoundsMode: "same" },
    legend: { show: figures.series.length > 1, top: 0, left: 0, icon: "roundRect", textStyle: { color: text } },
    tooltip: {
      trigger: "axis",
      renderMode: "richText",
      confine: true,
      backgroundColor: colour("--fm-raised"),
      borderColor: line,
      textStyle: { color: colour("--fm-text") },
      valueFormatter: (value: unknown) => (typeof value === "number" ? figure.format(value) + unit : "–"),
    },
    xAxis: {
      type: "category",
      data: figures.x,
      boundaryGap: figures.kind === "bar",
      axisLine: { lineStyle: { color: line } },
      axisTick: { show: false },
      axisLabel: { color: text, hideOverlap: true },
    },
    yAxis: {
      type: "value",
      splitLine: { lineStyle: { color: line } },
      axisLabel: { color: text, formatter: (value: number) => short.format(value) },
    },
    series: lines(figures),
  };
}

function draw(holder: HTMLElement): void {
  const source = document.getElementById(holder.dataset.chart ?? "");
  if (!source?.textContent) return;
  const figures = JSON.parse(source.textContent) as Figures;
  echarts.getInstanceByDom(holder)?.dispose();
  const chart = echarts.init(holder, null, { renderer: "svg" });
  chart.setOption(option(figures));
  new ResizeObserver(() => chart.resize()).observe(holder);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => chart.setOption(option(figures)));
}

function drawAll(root: ParentNode): void {
  root.querySelectorAll<HTMLElement>("[data-chart]").forEach(draw);
}

drawAll(document);
document.addEventListener("htmx:load", (event) => {
  if (event.target !== document.body) drawAll(event.target as HTMLElement);
});
