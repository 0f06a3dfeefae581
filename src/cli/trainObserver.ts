/** Shows a training run to a person. */
import type { StepEvent, TrainObserver } from '../train/task.js';
import { duration, paint, warn } from './console.js';
import { LiveLine } from './liveLine.js';

/** Progress is one line that is rewritten: loss, learning rate, pictures a second, time left. Measurements get lines that stay. */
export function trainObserver(headline: readonly string[]): TrainObserver & { close(): void } {
  const line = new LiveLine();
  return {
    onPreparing: (shape, of) => line.update(`preparing shape ${shape} of ${of}: its first step takes longer`),
    onStep: (event) => line.update(describeStep(event)),
    onEvaluating: (done, total) => line.update(`measuring on val: ${done} of ${total} pictures`),
    onEvaluated(epoch, metrics, best) {
      const shown = headline.map((name) => `${name} ${metrics[name]?.toFixed(4) ?? 'n/a'}`);
      const isBest = best && (metrics[headline[0]!] ?? 0) > 0; // 0 is the best of nothing
      line.keep(`epoch ${epoch}: ${shown.join('  ')}${isBest ? paint('green', '  best so far') : ''}`);
    },
    onEarlyEnd: (reason) => line.keep(`the run ends early: ${reason}`),
    onWarning(message) {
      line.clear();
      warn(message);
    },
    close: () => line.clear(),
  };
}

function describeStep(event: StepEvent): string {
  const parts = Object.entries(event.parts).map(([name, value]) => `${name} ${value.toFixed(4)}`);
  const loss = parts.length > 1 ? `loss ${event.loss.toFixed(4)} (${parts.join(', ')})` : parts.join();
  return [
    event.epochs === null
      ? `epoch ${event.epoch + 1}`
      : `epoch ${Math.min(event.epoch + 1, event.epochs)}/${event.epochs}`,
    event.steps === null ? `step ${event.step}` : `step ${event.step}/${event.steps}`,
    loss,
    `lr ${event.learningRate.toExponential(2)}`,
    `${event.rate.toFixed(1)} img/s`,
    ...(event.waiting > 0.03 ? [`waiting for data ${(100 * event.waiting).toFixed(0)} %`] : []),
    ...(event.secondsLeft === null ? [] : [`${duration(event.secondsLeft)} left`]),
  ].join('  ');
}
