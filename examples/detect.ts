// Objects in a photo: npx tsx examples/detect.ts CHECKPOINT PHOTO
import { Detector } from 'cmtdet';

const [checkpoint = 'demo/detector/best.safetensors', photo = 'demo/data/val/0001.jpg'] = process.argv.slice(2);
const detector = await Detector.load(checkpoint);
for (const { label, score, box } of await detector.detect(photo, { scoreThreshold: 0.5 })) {
  const [x1, y1, x2, y2] = box.map(Math.round);
  console.log(`${label} ${score.toFixed(2)}: ${x1}, ${y1} to ${x2}, ${y2}`);
}
await detector.dispose();
