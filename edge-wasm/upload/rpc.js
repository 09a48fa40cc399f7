/** Calls the worker's methods from the page: `await connection.call("rows", 0, 50)`. */

export class Connection {
  /** `onEvent(event)` receives unsolicited events of the worker; `onFailure(text)` is called if it could not start. */
  constructor({ onEvent, onFailure }) {
    this.waiting = new Map();
    this.last = 0;
    this.worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
    // Messages sent while the worker still loads the validator would be lost, so calls wait for its first event.
    this.ready = new Promise((resolve) => {
      this.worker.addEventListener("message", ({ data }) => {
        if (!data.event) return this.settle(data);
        resolve();
        return onEvent(data.event);
      });
    });
    this.worker.addEventListener("error", (event) => onFailure(event.message ?? "a file of the page is missing"));
  }

  settle({ id, value, error }) {
    const { resolve, reject } = this.waiting.get(id);
    this.waiting.delete(id);
    if (error === undefined) resolve(value);
    else reject(new Error(error));
  }

  async call(method, ...args) {
    await this.ready;
    this.last += 1;
    const id = this.last;
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve, reject });
      this.worker.postMessage({ id, method, args });
    });
  }
}
