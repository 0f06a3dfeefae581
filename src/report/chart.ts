/** A chart in the page: drawn twice, for phones and for wide screens, in colours that follow light and dark. */
import { html, raw } from 'hono/html';
import { type ChartOption, chartSvg } from '../draw/chart.js';

/** Text of HTML in which all values are escaped. */
export type Html = ReturnType<typeof html>;

export interface ChartSize {
  readonly width: number;
  readonly height: number;
  readonly isNarrow: boolean;
}

const narrow: ChartSize = { width: 340, height: 250, isNarrow: true };
const wide: ChartSize = { width: 620, height: 320, isNarrow: false };

/** Colours are names of the style sheet, so that one chart serves light and dark. */
export const seriesColour = (index: number): string => `var(--series-${(index % 8) + 1})`;

export interface ChartCard {
  readonly title: string;
  /** A sentence on how to read it. */
  readonly note?: string | Html;
  /** Names of the series, in their order. */
  readonly legend?: readonly string[];
  /** Taller or lower than usual, in shares. */
  readonly tall?: number;
  /** The numbers in words, for those who do not see the chart. */
  readonly label: string;
  readonly option: (size: ChartSize) => ChartOption;
}

export function chartCard({ title, note, legend, tall = 1, label, option }: ChartCard): Html {
  const drawn = [narrow, wide].map((size) => {
    const at = { ...size, height: Math.round(size.height * tall) };
    return html`<div class="${size.isNarrow ? 'narrow' : 'wide'}" role="img" aria-label="${label}">${raw(themed(chartSvg(at.width, at.height, option(at))))}</div>`;
  });
  return html`<figure class="card chart">
<figcaption><h3>${title}</h3>${note ? html`<p>${note}</p>` : ''}</figcaption>
${legend ? html`<ul class="legend">${legend.map((name, i) => html`<li><i style="background:${seriesColour(i)}"></i>${name}</li>`)}</ul>` : ''}
${drawn}
</figure>`;
}

/** The library draws a sheet of paper first, and gives sizes that the page decides. */
function themed(svg: string): string {
  return svg.replace(/<svg width="(\d+)" height="(\d+)"/, '<svg');
}

interface Axis {
  readonly name?: string;
  readonly min?: number | 'dataMin';
  readonly max?: number | 'dataMax';
  readonly type?: 'value' | 'log' | 'category';
  readonly data?: readonly string[];
  readonly format?: (value: number) => string;
  /** Only whole numbers are written at it. */
  readonly whole?: boolean;
}

const axisText = { color: 'var(--soft-ink)', fontFamily: 'system-ui, sans-serif', fontSize: 12 };

function axis({ name, min, max, type = 'value', data, format, whole }: Axis, isNarrow: boolean) {
  const isShare = min === 0 && max === 1;
  return {
    type,
    ...(name !== undefined && { name, nameLocation: 'middle', nameTextStyle: axisText }),
    ...(min !== undefined && { min }),
    ...(max !== undefined && { max }),
    ...(data !== undefined && { data }),
    ...(whole && { minInterval: 1 }),
    ...(isShare && { interval: isNarrow ? 0.25 : 0.2 }),
    ...(type === 'log' && { logBase: 2 }),
    splitNumber: isNarrow ? 4 : 6,
    axisLabel: { ...axisText, hideOverlap: true, ...(format && { formatter: format }) },
    axisLine: { show: type === 'category', lineStyle: { color: 'var(--line)' } },
    axisTick: { show: false },
    splitLine: { show: type !== 'category', lineStyle: { color: 'var(--line)' } },
  };
}

/** What all charts with two axes share. */
export function axes(x: Axis, y: Axis, { isNarrow }: ChartSize): ChartOption {
  return {
    textStyle: axisText,
    grid: { left: y.name === undefined ? 46 : 60, right: 16, top: 12, bottom: x.name === undefined ? 28 : 46 },
    xAxis: { ...axis(x, isNarrow), nameGap: 28 },
    yAxis: { ...axis(y, isNarrow), nameGap: 42 },
  };
}

/** A line through points. */
export function line(points: readonly (readonly [number, number | null])[], index: number, more: object = {}) {
  return {
    type: 'line',
    silent: true,
    showSymbol: points.length === 1,
    symbolSize: 6,
    lineStyle: { width: 2, color: seriesColour(index) },
    itemStyle: { color: seriesColour(index) },
    data: points,
    ...more,
  };
}

/** `12k`, `1.5M`: steps and counts on an axis. */
export function short(value: number): string {
  if (Math.abs(value) >= 1e6) return `${trimmed(value / 1e6)}M`;
  if (Math.abs(value) >= 1e4) return `${trimmed(value / 1e3)}k`;
  return trimmed(value);
}

const trimmed = (value: number): string => String(Number(value.toPrecision(3)));
