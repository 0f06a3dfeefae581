/** The site of these pages: `npm run docs`. It is built into docs/.vitepress/dist, which is not kept. */
import { defineConfig } from 'vitepress';

export default defineConfig({
  title: 'cmtdet',
  description: 'Object detection in TypeScript',
  head: [['link', { rel: 'icon', href: 'data:,' }]], // none, and no question for one
  rewrites: { 'decisions/README.md': 'decisions/index.md' },
  ignoreDeadLinks: false,
  markdown: {
    config(md) {
      // Links out of docs/ lead to files of the clone; on the site they are their text.
      const open = md.renderer.rules.link_open;
      const close = md.renderer.rules.link_close;
      let leavesDocs = false;
      md.core.ruler.push('files-of-the-clone', ({ tokens, env }) => {
        const depth = String(env.relativePath ?? '').split('/').length - 1;
        for (const inline of tokens) {
          for (const token of inline.children ?? []) {
            const href = token.type === 'link_open' ? token.attrGet('href') : null;
            if (href?.startsWith('../'.repeat(depth + 1))) token.meta = { leavesDocs: true };
          }
        }
      });
      md.renderer.rules.link_open = (tokens, i, options, env, self) => {
        leavesDocs = tokens[i]?.meta?.leavesDocs === true;
        if (leavesDocs) return '<span>';
        return open?.(tokens, i, options, env, self) ?? self.renderToken(tokens, i, options);
      };
      md.renderer.rules.link_close = (tokens, i, options, env, self) => {
        if (leavesDocs) {
          leavesDocs = false;
          return '</span>';
        }
        return close?.(tokens, i, options, env, self) ?? self.renderToken(tokens, i, options);
      };
    },
  },
  themeConfig: {
    search: { provider: 'local' },
    outline: [2, 3],
    nav: [
      { text: 'Begin', link: '/first-detector' },
      { text: 'Commands', link: '/cli' },
      { text: 'Configuration', link: '/configuration' },
      { text: 'Library', link: '/api' },
    ],
    sidebar: [
      {
        text: 'Begin',
        items: [
          { text: 'A first detector', link: '/first-detector' },
          { text: 'In an app', link: '/library' },
          { text: 'Troubleshooting', link: '/troubleshooting' },
          { text: 'From another framework', link: '/migration' },
        ],
      },
      {
        text: 'Recipes',
        items: [
          { text: 'Own photographs', link: '/recipes/own-photos' },
          { text: 'Transfer from ImageNet', link: '/recipes/transfer' },
          { text: 'Small objects', link: '/recipes/small-objects' },
          { text: 'Many classes', link: '/recipes/many-classes' },
          { text: 'Evaluate given results', link: '/recipes/given-results' },
        ],
      },
      {
        text: 'Reference',
        items: [
          { text: 'Command line', link: '/cli' },
          { text: 'Configuration', link: '/configuration' },
          { text: 'Library', link: '/api' },
          { text: 'Data', link: '/data' },
          { text: 'Reading the numbers', link: '/evaluation' },
          { text: 'Reports', link: '/report' },
          { text: 'Export', link: '/export' },
        ],
      },
      {
        text: 'Large runs',
        items: [
          { text: 'GPUs', link: '/gpu' },
          { text: 'Several workers', link: '/distributed' },
          { text: 'Reliability', link: '/reliability' },
        ],
      },
      {
        text: 'How it works',
        items: [
          { text: 'Architecture', link: '/architecture' },
          { text: 'Extending', link: '/extending' },
          { text: 'Decisions', link: '/decisions/' },
          { text: 'Results', link: '/results' },
          { text: 'Benchmarks', link: '/benchmarks' },
          { text: 'Field cases', link: '/field-cases' },
        ],
      },
    ],
  },
});
