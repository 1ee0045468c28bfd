// The same files for the published authorizer and for ours, but for the body: types need version 2.

/** A call that reads a path segment and a value of the query. */
export function filesYaml(root: string): string {
  return `version: "1"
settings: {trusted_roots: ["${root}"]}
tools:
  read_file:
    description: read a file
    constraints:
      file: {from: path, path: file, required: true}
      region: {from: query, path: region, required: true}
routes:
  - {pattern: "/files/{file}", method: [GET], tool: read_file}
`;
}

/** A call that reads a path segment and three values of a JSON body. */
export function ordersYaml(root: string): string {
  return `version: "2"
settings: {trusted_roots: ["${root}"]}
tools:
  place_order:
    constraints:
      customer: {from: path, path: customer, required: true}
      sku: {from: body, path: item.sku, required: true, type: string}
      quantity: {from: body, path: item.quantity, required: true, type: integer}
      currency: {from: body, path: payment.currency, required: true, type: string}
routes:
  - {pattern: "/customers/{customer}/orders", method: POST, tool: place_order}
`;
}
