// The fastest of many runs, all candidates in turn: a pause of the machine affects all of them, and no candidate gets
// the quiet minute to itself. The first rounds warm up the engine; they are slower, so they never count.

/** The fastest run of each candidate in microseconds. `candidates` are functions by name. */
export function fastest(candidates, rounds) {
  const times = Object.fromEntries(Object.keys(candidates).map((name) => [name, Infinity]));
  for (let round = 0; round < rounds; round += 1) {
    for (const [name, run] of Object.entries(candidates)) {
      // Twice: the first run refills the caches after the previous candidate.
      times[name] = Math.min(times[name], time(run), time(run));
    }
  }
  return times;
}

function time(run) {
  const start = performance.now();
  sink = run();
  return (performance.now() - start) * 1_000;
}

/** Keeps results, so that the engine cannot drop work whose result nobody reads. */
export let sink;

/** The median of an odd number of values. */
export function median(values) {
  return [...values].sort((a, b) => a - b)[(values.length - 1) / 2];
}

/** Prints one figure as a line of JSON. */
export function say(name, value) {
  console.log(JSON.stringify({ name, value }));
}
