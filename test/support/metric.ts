/** The value of a metric without labels, as the health port shows it. */
export async function metric(healthPort: number, name: string): Promise<number> {
  const page = await (await fetch(`http://127.0.0.1:${healthPort}/metrics`)).text();
  return Number(new RegExp(`^${name} (\\S+)$`, "m").exec(page)?.[1]);
}
