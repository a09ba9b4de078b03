// A page of the portal with a form. What it may answer is documented in `wit/pages/v1` of Vestibule. An
// exported constant is an interface, its functions are the interface's; a variant has `tag` and `val`.

import { get } from "vestibule:host/settings@1.0.0";

export const pages = {
  describe: () => ({
    navigation: [{ path: "/", label: "nav-news", icon: "info" }],
    extra: [],
  }),

  render({ path, context }) {
    const title = spanish(context) ? "Novedades" : "News";
    switch (path) {
      case "/":
      case "/wish": // A form that has to be mended is shown at its own address.
        return page(title, "news.html", { notice: get("notice").val });
      case "/thanks":
        return page(title, "thanks.html", {});
      default:
        return { tag: "not-found" };
    }
  },

  submit({ path, context }, fields) {
    if (path !== "/wish") return { tag: "taken", val: { tag: "not-found" } };
    const wish = fields.find(({ name }) => name === "wish")?.value.trim();
    if (!wish) {
      const message = spanish(context) ? "Escribe algo." : "Write something.";
      return { tag: "invalid", val: [{ field: "wish", message }] };
    }
    return { tag: "taken", val: { tag: "redirect", val: `${context.home}/thanks` } };
  },
};

const spanish = ({ locale }) => locale.startsWith("es");

/** A page that one of the plugin's own templates shows. */
const page = (title, name, data) => ({
  tag: "page",
  val: { title, content: { tag: "template", val: { name, data: JSON.stringify(data) } } },
});
