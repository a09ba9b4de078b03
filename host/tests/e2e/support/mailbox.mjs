// The folder that the host writes its mails to, read as a person would.

import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

import { until } from "./processes.mjs";

const QUOTED = /=([0-9A-F]{2})/g;

function decoded(text, encoding) {
  if (/base64/i.test(encoding)) return Buffer.from(text, "base64").toString("utf8");
  if (!/quoted-printable/i.test(encoding)) return text;
  const joined = text.replace(/=\r?\n/g, "");
  const bytes = joined.replace(QUOTED, (_, hex) => String.fromCharCode(parseInt(hex, 16)));
  return Buffer.from(bytes, "latin1").toString("utf8");
}

function word(header) {
  return header.replace(/=\?utf-8\?([bq])\?([^?]*)\?=\s*/gi, (_, kind, text) =>
    kind.toLowerCase() === "b"
      ? Buffer.from(text, "base64").toString("utf8")
      : decoded(text.replaceAll("_", " "), "quoted-printable"));
}

function header(head, name) {
  const line = head.replace(/\r?\n[ \t]+/g, " ").match(new RegExp(`^${name}: (.*)$`, "im"));
  return line ? word(line[1].trim()) : "";
}

function parse(source) {
  const [head, ...rest] = source.split(/\r?\n\r?\n/);
  const body = rest.join("\r\n\r\n");
  const boundary = head.replace(/\r?\n[ \t]+/g, " ").match(/boundary="([^"]+)"/)?.[1];
  const part = body.split(`--${boundary}`).find((piece) => /content-type: text\/plain/i.test(piece)) ?? "";
  const [partHead, ...partRest] = part.trimStart().split(/\r?\n\r?\n/);
  return {
    to: header(head, "To"),
    subject: header(head, "Subject"),
    messageId: header(head, "Message-ID"),
    text: decoded(partRest.join("\n\n"), header(partHead, "Content-Transfer-Encoding")),
  };
}

export class Mailbox {
  constructor(folder) {
    this.folder = folder;
  }

  async all() {
    const names = await readdir(this.folder).catch(() => []);
    const files = names.filter((name) => name.endsWith(".eml"));
    return Promise.all(files.map(async (name) => parse(await readFile(join(this.folder, name), "utf8"))));
  }

  /** The mail to `address` whose subject matches, once it is there. */
  async mail(address, subject) {
    return until(`a mail to ${address} with the subject ${subject}`, async () =>
      (await this.all()).find((mail) => mail.to.includes(address) && subject.test(mail.subject)));
  }
}
