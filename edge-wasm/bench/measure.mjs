// The fastest of many runs, all candidates in turn: a pause of the machine hits all of them alike, and no candidate has
// the quiet minute for itself. The first rounds warm the engine up; being slower, they never are the fastest.

/** The fastest run of each candidate in microseconds. `candidates` are functions by name. */
export function fastest(candidates, rounds) {
  const times = Object.fromEntries(Object.keys(candidates).map((name) => [name, Infinity]));
  for (let round = 0; round < rounds; round += 1) {
    for (const [name, run] of Object.entries(candidates)) {
      // Twice: the first run takes the caches back from the candidate before, whichever that was.
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

/** Results end up here, so that the engine cannot leave out work whose result nobody reads. */
export let sink;

/** The middle of an odd number of values. */
export function median(values) {
  return [...values].sort((a, b) => a - b)[(values.length - 1) / 2];
}

/** One figure, as one line of JSON on standard output. */
export function say(name, value) {
  console.log(JSON.stringify({ name, value }));
}
