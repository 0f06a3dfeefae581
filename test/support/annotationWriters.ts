/** A small data set, and writers of it in each tool's own form, for the tests of the converters. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import sharp from 'sharp';

export interface SampleObject {
  readonly label: string;
  /** Whole pixels inside the picture, so that no format has to round. */
  readonly box: readonly [left: number, top: number, right: number, bottom: number];
}

export interface SamplePicture {
  /** Relative to the folder of pictures. */
  readonly file: string;
  readonly width: number;
  readonly height: number;
  readonly objects: readonly SampleObject[];
}

export interface Layout {
  /** Folders of pictures and of annotations; empty for the top. */
  readonly images: string;
  readonly labels: string;
  /** What separates folders, and lines. */
  readonly separator: '/' | '\\';
  readonly newline: '\n' | '\r\n';
}

/** Files by their path below the data set, and where a converter starts. */
export interface Written {
  readonly files: Readonly<Record<string, string>>;
  readonly input: string;
}

export type Writer = (pictures: readonly SamplePicture[], layout: Layout) => Written;

export function writeFiles(root: string, files: Readonly<Record<string, string | Uint8Array>>): void {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), content);
  }
}

export async function writePictures(root: string, pictures: readonly SamplePicture[], folder: string): Promise<void> {
  for (const { file, width, height } of pictures) {
    const canvas = sharp({ create: { width, height, channels: 3, background: '#406080' } });
    writeFiles(root, { [posix.join(folder, file)]: await canvas.png({ compressionLevel: 1 }).toBuffer() });
  }
}

/** One annotation file a picture, at the picture's place below the folder of labels. */
function filePerPicture(ending: string, text: (picture: SamplePicture, pathToPicture: string) => string): Writer {
  return (pictures, layout) => {
    const files = pictures.map((picture) => {
      const name = posix.join(layout.labels, picture.file.replace(/\.\w+$/, ending));
      const toPicture = posix.relative(posix.dirname(name), posix.join(layout.images, picture.file));
      return [name, text(picture, toPicture.replaceAll('/', layout.separator)).replaceAll('\n', layout.newline)];
    });
    return { files: Object.fromEntries(files), input: layout.labels };
  };
}

const sides = ([left, top, right, bottom]: SampleObject['box']) => [left, top, right - left, bottom - top] as const;

const voc = filePerPicture('.xml', ({ width, height, objects }, path) => {
  const object = ({ label, box: [x1, y1, x2, y2] }: SampleObject) =>
    `  <object>\n    <name>${label}</name>\n    <pose>Unspecified</pose>\n    <truncated>0</truncated>\n    <difficult>0</difficult>
    <bndbox><xmin>${x1 + 1}</xmin><ymin>${y1 + 1}</ymin><xmax>${x2}</xmax><ymax>${y2}</ymax></bndbox>\n  </object>\n`;
  return `<annotation>\n  <folder>images</folder>\n  <filename>${path}</filename>\n  <size><width>${width}</width><height>${height}</height><depth>3</depth></size>\n${objects.map(object).join('')}</annotation>\n`;
});

const labelme = filePerPicture('.json', ({ width, height, objects }, imagePath) => {
  const shapes = objects.map(({ label, box: [x1, y1, x2, y2] }) => {
    const points = [
      [x2, y2],
      [x1, y1],
    ];
    return { label, points, group_id: null, shape_type: 'rectangle', flags: {} };
  });
  const file = { version: '5.4.1', flags: {}, shapes, imagePath, imageData: null };
  return JSON.stringify({ ...file, imageHeight: height, imageWidth: width }, null, 2);
});

const yoloNames = (pictures: readonly SamplePicture[]) => [
  ...new Set(pictures.flatMap(({ objects }) => objects.map(({ label }) => label))),
];

const yolo: Writer = (pictures, layout) => {
  const names = yoloNames(pictures);
  const lines = filePerPicture('.txt', ({ width, height, objects }) =>
    objects
      .map(({ label, box }) => {
        const [x, y, w, h] = sides(box);
        return `${names.indexOf(label)} ${(x + w / 2) / width} ${(y + h / 2) / height} ${w / width} ${h / height}\n`;
      })
      .join(''),
  )(pictures, layout);
  const yaml = `train: images\nnames:\n${names.map((name, i) => `  ${i}: ${JSON.stringify(name)}\n`).join('')}`;
  return { ...lines, files: { ...lines.files, [posix.join(layout.labels, 'data.yaml')]: yaml } };
};

const csv: Writer = (pictures, { labels, separator, newline }) => {
  const rows = pictures.flatMap(({ file, width, height, objects }) => {
    const name = file.replaceAll('/', separator);
    const own = objects.map(({ label, box }) => `"${name}",${width},${height},${label},${box.join(',')}`);
    return own.length > 0 ? own : [`"${name}",${width},${height},,,,,`];
  });
  const text = ['filename,width,height,class,xmin,ymin,xmax,ymax', ...rows, ''].join(newline);
  const name = posix.join(labels, 'annotations.csv');
  return { files: { [name]: text }, input: name };
};

const via: Writer = (pictures, { labels, separator }) => {
  const entries = pictures.map(({ file, objects }) => {
    const filename = file.replaceAll('/', separator);
    const regions = objects.map(({ label, box }) => {
      const [x, y, width, height] = sides(box);
      return { shape_attributes: { name: 'rect', x, y, width, height }, region_attributes: { class: label } };
    });
    return [`${filename}12345`, { filename, size: 12345, regions, file_attributes: {} }];
  });
  const project = { _via_settings: { project: { name: 'x' } }, _via_img_metadata: Object.fromEntries(entries) };
  const name = posix.join(labels, 'via_project.json');
  return { files: { [name]: JSON.stringify({ ...project, _via_attributes: { region: {}, file: {} } }) }, input: name };
};

const via3: Writer = (pictures, { labels, separator }) => {
  const names = yoloNames(pictures);
  const entries = <Value>(value: (picture: SamplePicture, i: number) => Value) =>
    Object.fromEntries(pictures.map((picture, i) => [String(i + 1), value(picture, i)]));
  const regions = pictures.flatMap(({ objects }, i) =>
    objects.map(({ label, box }, n) => {
      const av = { 1: String(names.indexOf(label)) };
      return [`${i + 1}_${n}`, { vid: String(i + 1), flg: 0, z: [], xy: [2, ...sides(box)], av }];
    }),
  );
  const project = {
    project: { pid: '__VIA_PROJECT_ID__', pname: 'x', vid_list: pictures.map((_, i) => String(i + 1)) },
    config: { file: { loc_prefix: { 1: '', 2: '', 3: '', 4: '' } }, ui: {} },
    attribute: {
      1: { aname: 'kind', anchor_id: 'FILE1_Z0_XY1', type: 4, desc: '', options: { ...names }, default_option_id: '' },
    },
    file: entries(({ file }, i) => {
      const src = file.replaceAll('/', separator);
      return { fid: String(i + 1), fname: posix.basename(file), type: 2, loc: 3, src };
    }),
    view: entries((_, i) => ({ fid_list: [String(i + 1)] })),
    metadata: Object.fromEntries(regions),
  };
  const name = posix.join(labels, 'via3_project.json');
  return { files: { [name]: JSON.stringify(project) }, input: name };
};

const cvat: Writer = (pictures, { labels, separator, newline }) => {
  const image = ({ file, width, height, objects }: SamplePicture, i: number) =>
    `  <image id="${i}" name="${file.replaceAll('/', separator)}" width="${width}" height="${height}">\n${objects
      .map(({ label, box: [x1, y1, x2, y2] }) => {
        const place = `xtl="${x1}.00" ytl="${y1}.00" xbr="${x2}.00" ybr="${y2}.00"`;
        return `    <box label="${label}" source="manual" occluded="0" ${place} z_order="0">\n    </box>\n`;
      })
      .join('')}  </image>\n`;
  const text = `<?xml version="1.0" encoding="utf-8"?>\n<annotations>\n  <version>1.1</version>\n  <meta/>\n${pictures.map(image).join('')}</annotations>\n`;
  const name = posix.join(labels, 'annotations.xml');
  return { files: { [name]: text.replaceAll('\n', newline) }, input: name };
};

const labelstudio: Writer = (pictures, { labels }) => {
  const tasks = pictures.map(({ file, width, height, objects }, i) => {
    const result = objects.map(({ label, box }, n) => {
      const [x, y, w, h] = sides(box);
      const place = {
        x: (100 * x) / width,
        y: (100 * y) / height,
        width: (100 * w) / width,
        height: (100 * h) / height,
      };
      const value = { ...place, rotation: 0, rectanglelabels: [label] };
      const names = { id: `r${n}`, from_name: 'label', to_name: 'image', type: 'rectanglelabels' };
      return { original_width: width, original_height: height, image_rotation: 0, value, ...names };
    });
    const image = `/data/local-files/?d=${encodeURIComponent(file)}`;
    return { id: i + 1, annotations: [{ id: i, was_cancelled: false, ground_truth: false, result }], data: { image } };
  });
  const name = posix.join(labels, 'project.json');
  return { files: { [name]: JSON.stringify(tasks) }, input: name };
};

/** By format, and of a format that has several forms, by its further ones. */
export const annotationWriters = { voc, yolo, labelme, csv, via, 'via, version 3': via3, cvat, labelstudio } as const;
