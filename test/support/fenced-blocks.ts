/** A block of a page in Markdown, between two fences. */
export interface FencedBlock {
  /** Of the section that it is in. */
  readonly heading: string;
  /** As the first fence has it; may be empty. */
  readonly language: string;
  /** Without the indentation that it has in a list. */
  readonly text: string;
}

/** All of them, in order. */
export function fencedBlocks(markdown: string): readonly FencedBlock[] {
  const parts = markdown.matchAll(
    /^#+ (?<title>[^\n]+)$|^(?<indent> *)```(?<language>\w*)\n(?<text>.*?)^\k<indent>```$/gms,
  );
  const blocks: FencedBlock[] = [];
  let heading = "";
  for (const { groups: { title, indent = "", language = "", text = "" } = {} } of parts) {
    if (title === undefined)
      blocks.push({ heading, language, text: text.replaceAll(new RegExp(`^${indent}`, "gm"), "") });
    else heading = title;
  }
  return blocks;
}

/** The texts of those in one language. */
export function blocksIn(markdown: string, language: string): readonly string[] {
  return fencedBlocks(markdown)
    .filter((block) => block.language === language)
    .map(({ text }) => text);
}
