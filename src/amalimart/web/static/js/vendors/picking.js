// The vendor of a page of one vendor: picked from a list, held by the address.
import { request } from "../api.js";
import { h } from "../dom.js";
import { addressWith, go, query } from "../state.js";

export async function offerVendors(page, select) {
  if (!select) return;
  const show = () => (select.value = query().get("vendor") ?? "");
  select.addEventListener("change", () => go(addressWith({ vendor: select.value })));
  const { body } = await request(`${page.values}?limit=1000`);
  const chosen = query().get("vendor");
  const known = body.values.map((each) => h("option", { value: each.key }, each.label));
  if (chosen && !body.values.some((each) => each.key === chosen)) known.push(h("option", { value: chosen }, chosen));
  select.append(...known);
  show();
  addEventListener("popstate", show);
}
