// Real processes: started, waited for, stopped or killed, and never left behind.

import { spawn } from "node:child_process";
import { createServer } from "node:net";
import { setTimeout as pause } from "node:timers/promises";

const running = new Set();
process.on("exit", () => running.forEach((child) => child.kill("SIGKILL")));

/** A port that nobody listens on. */
export async function freePort() {
  const server = createServer();
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address();
  await new Promise((done) => server.close(done));
  return port;
}

/** Polls until `condition` answers something true; fails with `what` after `seconds`. */
export async function until(what, condition, seconds = 30) {
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    const answer = await condition();
    if (answer) return answer;
    if (Date.now() > deadline) throw new Error(`waited ${seconds} s in vain: ${what}`);
    await pause(50);
  }
}

/** A running program. Its last lines of output are kept for messages. */
export class Program {
  #tail = "";

  constructor(command, args, options) {
    this.name = args.join(" ");
    this.child = spawn(command, args, { ...options, stdio: ["ignore", "pipe", "pipe"] });
    this.ended = new Promise((done) => this.child.on("exit", (code, signal) => done(code ?? signal)));
    this.ended.then(() => running.delete(this.child));
    running.add(this.child);
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream.on("data", (data) => {
        this.#tail = (this.#tail + data).slice(-60_000);
      });
    }
  }

  get output() {
    return this.#tail;
  }

  get isRunning() {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  async ready(what, condition, seconds = 60) {
    await until(what, async () => {
      if (!this.isRunning) throw new Error(`${this.name} ended:\n${this.output}`);
      return condition();
    }, seconds).catch((error) => {
      throw new Error(`${error.message}\n${this.output}`);
    });
  }

  async stop(signal = "SIGTERM") {
    if (this.isRunning) this.child.kill(signal);
    return this.ended;
  }
}

/** Runs a program to its end and answers what it printed. */
export async function run(command, args, options = {}) {
  const child = spawn(command, args, { ...options, stdio: ["ignore", "pipe", "pipe"] });
  const out = [];
  const err = [];
  child.stdout.on("data", (data) => out.push(data));
  child.stderr.on("data", (data) => err.push(data));
  const code = await new Promise((done, failed) => child.on("exit", done).on("error", failed));
  const text = Buffer.concat(out).toString();
  if (code !== 0) throw new Error(`${command} ${args.join(" ")} ended with ${code}:\n${text}${Buffer.concat(err)}`);
  return text;
}
