// A throw-away Postgres from the installed binaries. It refuses to run as root, so root runs it
// as the user that Debian's package made.

import { mkdtemp, readdir, rm } from "node:fs/promises";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { tmpdir } from "node:os";

import { Program, run } from "./processes.mjs";

const INSTALLED = "/usr/lib/postgresql";

async function binaries() {
  const versions = existsSync(INSTALLED) ? await readdir(INSTALLED) : [];
  const newest = versions.map(Number).filter(Boolean).sort((a, b) => b - a)[0];
  return newest ? `${INSTALLED}/${newest}/bin/` : "";
}

export async function startPostgres() {
  const dir = await mkdtemp(join(tmpdir(), "vestibule-e2e-pg-"));
  const data = join(dir, "data");
  const bin = await binaries();
  const prefix = process.getuid() === 0
    ? ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"]
    : ["env"];
  if (process.getuid() === 0) await run("chown", ["postgres", dir]);
  const [command, ...before] = prefix;
  await run(command, [
    ...before, `${bin}initdb`, "--no-sync", "--auth=trust", "--username=vestibule",
    "--encoding=UTF8", "--locale=C.UTF-8", "--pgdata", data,
  ], { cwd: "/" });
  const server = new Program(command, [
    ...before, `${bin}postgres`, "-D", data, "-k", dir, "-c", "listen_addresses=", "-c", "fsync=off",
  ], { cwd: "/" });
  await server.ready("Postgres listens", () => existsSync(join(dir, ".s.PGSQL.5432")));
  return {
    url: `postgres://vestibule@localhost/postgres?host=${dir}`,
    async stop() {
      await server.stop("SIGINT");
      await rm(dir, { recursive: true, force: true });
    },
  };
}
