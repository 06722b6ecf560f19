// Issues an invoice with a client of openapi-typescript and openapi-fetch, both with their defaults.
import createClient from "openapi-fetch";
import type { components, paths } from "./api.js";

declare const process: { argv: string[] };
type Invoice = components["schemas"]["Invoice"];
const [, , baseUrl = "", token = ""] = process.argv;
const api = createClient<paths>({ baseUrl, headers: { Authorization: `Bearer ${token}` } });
const once = () => ({ "Idempotency-Key": crypto.randomUUID() });

/** The answer, unless it is a problem or a repeated answer about a person who was erased. */
function shown<T extends object>(answer: {
  data?: T | components["schemas"]["Erased"];
  error?: components["schemas"]["Problem"];
}): T {
  if (answer.error || !answer.data || "erased" in answer.data) throw new Error(answer.error?.code ?? "erased");
  return answer.data;
}

const customer = shown(
  await api.POST("/v1/customers", {
    params: { header: once() },
    body: { name: "Atlas Négoce SARL", kind: "business", ice: "002136093000040", address: { city: "Casablanca" } },
  }),
);
const draft = shown(
  await api.POST("/v1/invoices", {
    params: { header: once() },
    body: {
      customer: customer.id,
      lines: [{ description: "Conseil", quantity: "2", unit_price: "1500.00", vat_rate: "20" }],
    },
  }),
);
const invoice: Invoice = shown(
  await api.POST("/v1/invoices/{id}/issue", {
    params: { path: { id: draft.id ?? "" }, header: once() },
    body: {},
  }),
);
const listed = await api.GET("/v1/invoices", { params: { query: { limit: 1 } } });
const seller: string | undefined = invoice.seller?.name;
console.log(JSON.stringify([invoice.status, invoice.number, invoice.totals.payable, seller, listed.data?.data.length]));
