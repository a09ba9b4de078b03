// The portal as a browser uses it, without one: cookies are kept, redirects are shown and not
// followed, forms carry the hidden fields of their page. For what no browser would do, such as
// sending one form fifty times at once.

const ENTITIES = { amp: "&", lt: "<", gt: ">", quot: '"' };

function plain(text) {
  return text
    .replace(/&#x([0-9a-f]+);/gi, (_, hex) => String.fromCodePoint(parseInt(hex, 16)))
    .replace(/&#(\d+);/g, (_, number) => String.fromCodePoint(Number(number)))
    .replace(/&(amp|lt|gt|quot);/g, (_, name) => ENTITIES[name]);
}

function attribute(element, name) {
  const value = element.match(new RegExp(` ${name}="([^"]*)"`))?.[1];
  return value === undefined ? undefined : plain(value);
}

export class Visitor {
  #cookies = new Map();

  constructor(origin) {
    this.origin = origin;
  }

  /** Signed in as `customer`, by a link that the merchant made. */
  static async signedIn(dodo, customer) {
    const { link } = await dodo.customers.customerPortal.create(customer);
    const visitor = new Visitor(new URL(link).origin);
    const page = await visitor.get(link);
    const signedIn = await visitor.post(page.form(new URL(link).pathname));
    if (signedIn.status !== 303) throw new Error(`the link signs nobody in: ${signedIn.status}`);
    return visitor;
  }

  async get(address) {
    return this.#ask(address, { method: "GET" });
  }

  /** Sends a form of one of our pages, as it is. */
  async post({ action, fields }) {
    return this.#ask(action, {
      method: "POST",
      headers: { "sec-fetch-site": "same-origin", origin: this.origin },
      body: new URLSearchParams(fields),
    });
  }

  async #ask(address, { headers, ...asked }) {
    const cookie = [...this.#cookies].map((pair) => pair.join("=")).join("; ");
    const answer = await fetch(new URL(address, this.origin), {
      ...asked,
      redirect: "manual",
      headers: { ...headers, cookie, "accept-language": "en" },
    });
    for (const given of answer.headers.getSetCookie()) {
      const [name, value] = given.split(";")[0].split("=", 2);
      this.#cookies.set(name, value);
    }
    const html = await answer.text();
    return {
      status: answer.status,
      location: answer.headers.get("location"),
      links: (html.match(/<a [^>]*>/g) ?? []).map((link) => attribute(link, "href")),
      /** The form that posts to `action`, with its hidden fields. */
      form(action) {
        const found = html.match(/<form [^>]*>[\s\S]*?<\/form>/g)?.find((form) =>
          attribute(form.match(/<form [^>]*>/)[0], "action") === action);
        if (!found) throw new Error(`no form to ${action}:\n${html}`);
        const hidden = found.match(/<input type="hidden"[^>]*>/g) ?? [];
        const fields = hidden.map((input) => [attribute(input, "name"), attribute(input, "value")]);
        return { action, fields: Object.fromEntries(fields) };
      },
    };
  }
}
