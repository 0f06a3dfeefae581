/**
 * docs/api.md from the public entries and their doc comments. TypeDoc does not take TypeScript 7, so this asks the compiler
 * itself, through the API that comes with it.
 */
import { join } from 'node:path';
import type { Node, SourceFile } from 'typescript/unstable/ast';
import * as is from 'typescript/unstable/ast/is';
import { API, type Checker, type Project, type Symbol as TsSymbol } from 'typescript/unstable/sync';

/** Import name → its file. */
const entries = {
  cmtdet: 'src/index.ts',
  'cmtdet/eval': 'src/index.eval.ts',
  'cmtdet/data': 'src/index.data.ts',
} as const;

const introduction = `# The library

What commands do, programs can do: \`import { ... } from 'cmtdet'\`. Functions take plain options and return plain results; none of them prints.
An \`observer\` hears how far the work is. \`cmtdet/eval\` and \`cmtdet/data\` have what measuring and annotation files need, and never load TensorFlow;
\`cmtdet\` loads it when a model is used. Errors that a user can mend are classes with fields; anything else that is thrown is a fault of cmtdet.
[examples/](../examples) has programs to begin with.

How cmtdet is used in an app, and all names in short: [library.md](library.md). This page is made from the doc comments (\`npm run docs:api\`).
`;

/** One exported name. */
export interface ApiItem {
  readonly name: string;
  readonly kind: 'value' | 'error' | 'type';
  /** Its declaration, without bodies. */
  readonly code: string;
  /** What the doc comment says, as Markdown; empty where there is none. */
  readonly text: string;
}

/** Import name → what it exports, in the order of the alphabet. */
export type ApiItems = Readonly<Record<keyof typeof entries, readonly ApiItem[]>>;

/** Reads the public entries of the project in `root`. */
export function apiItems(root = process.cwd()): ApiItems {
  const api = new API({ cwd: root });
  try {
    const project = api.updateSnapshot({ openProjects: [join(root, 'tsconfig.json')] }).getProjects()[0]!;
    const read = Object.entries(entries).map(([name, file]) => [name, itemsOf(project, join(root, file))]);
    return Object.fromEntries(read);
  } finally {
    api.close();
  }
}

/** The page. A name that two entries export is described at the first one. */
export function apiReference(items: ApiItems): string {
  const described = new Set<string>();
  const sections = Object.entries(items).map(([entry, all]) => {
    const own = all.filter(({ name }) => !described.has(name));
    const others = all.filter(({ name }) => described.has(name)).map(({ name }) => `\`${name}\``);
    for (const { name } of own) described.add(name);
    return [
      `## ${entry}\n`,
      ...(others.length > 0 ? [`Described above, and exported here too: ${others.join(', ')}.\n`] : []),
      ...(['value', 'error', 'type'] as const).flatMap((kind) => own.filter((item) => item.kind === kind).map(section)),
    ].join('\n');
  });
  return [introduction, ...sections].join('\n');
}

/** `page` with the tables of all exports in the place of those that it has. */
export function withExportTables(page: string, items: ApiItems): string {
  return page.replace(
    /(<!-- exports, by npm run docs:api -->\n)[\s\S]*?(<!-- end of exports -->)/,
    `$1\n${exportTables(items)}\n$2`,
  );
}

/** A line for each export, linked to its section of the page above; types are only named. */
function exportTables(items: ApiItems): string {
  const link = (name: string) => `[\`${name}\`](api.md#${name.toLowerCase()})`;
  return Object.entries(items)
    .map(([entry, all]) => {
      const rows = all
        .filter(({ kind }) => kind !== 'type')
        .map(({ name, text }) => `| ${link(name)} | ${firstSentence(text)} |`);
      const types = all.filter(({ kind }) => kind === 'type').map(({ name }) => link(name));
      return [`### ${entry}\n`, '| export | |', '| --- | --- |', ...rows, `\nTypes: ${types.join(', ')}.\n`].join('\n');
    })
    .join('\n');
}

/** Without its line breaks and links. */
function firstSentence(text: string): string {
  const [sentence = ''] = text.replace(/\s+/g, ' ').match(/^.*?[.:](?= |$)/) ?? [text];
  return sentence.replace(/:$/, '.').replaceAll('|', '\\|');
}

function section({ name, code, text }: ApiItem): string {
  return `### ${name}\n\n\`\`\`ts\n${code}\n\`\`\`\n${text ? `\n${text}\n` : ''}`;
}

function itemsOf(project: Project, path: string): ApiItem[] {
  const { checker, program } = project;
  const entry = checker.getSymbolAtLocation(program.getSourceFile(path)!)!;
  return checker
    .getExportsOfModule(entry)
    .map((exported) => itemOf(project, exported))
    .sort((a, b) => a.name.localeCompare(b.name, 'en'));
}

function itemOf(project: Project, exported: TsSymbol): ApiItem {
  const { checker } = project;
  const { name } = exported;
  const symbol = exported.declarations.some((handle) => is.isExportSpecifier(handle.resolve(project)!))
    ? checker.getAliasedSymbol(exported)
    : exported;
  const nodes = symbol.declarations.map((handle) => handle.resolve(project)!);
  const value = nodes.find(
    (node) => is.isVariableDeclaration(node) || is.isFunctionDeclaration(node) || is.isClassDeclaration(node),
  );
  const node = value ?? nodes[0]!;
  const text = documentation(checker, symbol);
  if (is.isFunctionDeclaration(node)) return { name, kind: 'value', code: headOf(node), text };
  if (is.isClassDeclaration(node)) {
    const kind = name.endsWith('Error') ? 'error' : 'value';
    return { name, kind, code: membersOf(project, symbol, 'class', name), text };
  }
  const alias = nodes.find(is.isTypeAliasDeclaration);
  if (alias && textOf(alias).includes('z.infer')) {
    const page = 'made from a schema: see configuration.md';
    return { name, kind: 'type', code: `type ${name} // ${page}`, text };
  }
  if (is.isVariableDeclaration(node)) {
    const loaded = membersOf(project, symbol, 'interface', name);
    const opened = checker.getPropertiesOfType(checker.getTypeOfSymbol(symbol)!);
    const opening = opened.map((member) => memberText(project, member)).join('\n\n');
    return { name, kind: 'value', code: `const ${name}: {\n${opening}\n};\n\n${loaded}`, text };
  }
  return { name, kind: 'type', code: textOf(node).replace(/^export (declare )?/, ''), text };
}

/** A declaration of all public members of an object type, with their doc comments. */
function membersOf(project: Project, symbol: TsSymbol, kind: 'class' | 'interface', name: string): string {
  const { checker } = project;
  const inherited = new Set(['name', 'stack', 'message', 'cause']); // of Error
  const members = checker
    .getPropertiesOfType(checker.getDeclaredTypeOfSymbol(symbol))
    .filter((member) => !/^(__)?#/.test(member.name) && !inherited.has(member.name));
  const base =
    kind === 'class' && name.endsWith('Error')
      ? name === 'CmtdetError'
        ? ' extends Error'
        : ' extends CmtdetError'
      : '';
  const body = members.map((member) => memberText(project, member)).join('\n\n');
  return body === '' ? `${kind} ${name}${base} {}` : `${kind} ${name}${base} {\n${body}\n}`;
}

function memberText(project: Project, member: TsSymbol): string {
  const { checker } = project;
  const node = member.declarations[0]!.resolve(project)!;
  const comment = jsDocOf(node);
  const head = is.isPropertyDeclaration(node)
    ? `readonly ${member.name}: ${checker.typeToString(checker.getTypeOfSymbol(member)!)}`
    : headOf(node).replace(/^async /, '');
  const lines = `${comment}${head};`.split('\n').map((line) => line.trimEnd());
  const indent = Math.min(
    ...lines
      .slice(1)
      .filter((line) => line.trim())
      .map((line) => line.search(/\S/)),
    2,
  );
  return lines.map((line, i) => `  ${i === 0 ? line.trimStart() : line.slice(Math.max(0, indent))}`).join('\n');
}

/** The text of a declaration up to its body. */
function headOf(node: Node): string {
  const { body } = node as Node & { body?: Node };
  const source = sourceOf(node);
  const start = node.getStart(source);
  const text = source.text.slice(start, body ? body.pos : node.end);
  return text
    .replace(/^export /, '')
    .replace(/^async /, '')
    .replace(/[;,]?\s*$/, '');
}

function textOf(node: Node): string {
  const source = sourceOf(node);
  return source.text.slice(node.getStart(source), node.end);
}

/** The doc comment as it is written, or nothing. */
function jsDocOf(node: Node): string {
  const source = sourceOf(node);
  const before = source.text.slice(node.pos, node.getStart(source));
  const comment = before.match(/\/\*\*[\s\S]*?\*\/\s*$/)?.[0].trim();
  return comment ? `${comment}\n  ` : '';
}

function sourceOf(node: Node): SourceFile {
  let at = node;
  while (at.parent) at = at.parent;
  return at as SourceFile;
}

function documentation(checker: Checker, symbol: TsSymbol): string {
  const tags = symbol.getJsDocTags(checker);
  const all = (name: string) => tags.filter((tag) => tag.name === name).map(({ text = '' }) => text.trim());
  const parameters = all('param').map((text) => `- ${text.replace(/^(\S+)\s+/, '`$1`: ')}`);
  const throws = all('throws').map((text) => `Throws ${text}`);
  const examples = all('example').map((text) => `\`\`\`ts\n${text.replace(/^```\w*\n|\n```$/g, '')}\n\`\`\``);
  const parts = [
    symbol.getDocumentationComment(checker).trim(),
    parameters.join('\n'),
    throws.join('\n\n'),
    ...examples,
  ];
  return parts.filter((part) => part !== '').join('\n\n');
}
