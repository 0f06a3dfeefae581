// A service that finds objects in the picture of a request: npx tsx examples/server.ts CHECKPOINT
// curl --data-binary @photo.jpg http://127.0.0.1:3000/detect
import { serve } from '@hono/node-server';
import { Detector, ImageError } from 'cmtdet';
import { Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';

const detector = await Detector.load(process.argv[2] ?? 'runs/first/best.safetensors');
const app = new Hono();

app.post('/detect', bodyLimit({ maxSize: 20e6 }), async (context) => {
  const picture = new Uint8Array(await context.req.arrayBuffer());
  return context.json(await detector.detect(picture, { scoreThreshold: 0.3 }));
});

app.onError((error, context) => {
  if (error instanceof ImageError) return context.json({ error: error.message }, 400);
  console.error(error);
  return context.json({ error: 'something went wrong here' }, 500);
});

const server = serve({ fetch: app.fetch, hostname: '127.0.0.1', port: Number(process.env.PORT ?? 3000) }, ({ port }) =>
  console.log(`http://127.0.0.1:${port}/detect`),
);
process.once('SIGTERM', () => server.close(() => detector.dispose()));
