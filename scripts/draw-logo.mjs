/* Draws the logo, eight people around a fire, once as numbers: from them come the SVG files and the PNG icons. */

import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { crc32, deflateSync } from "node:zlib";

const GREEN = [29, 84, 70];
const PAPER = [250, 248, 242];
const AMBER = [240, 176, 74];
const PEOPLE = 8;
const SAMPLES = 4;

/* Discs in a square of side 1: the ring of people, with a gap to come in by, and the fire they sit around. */
function discs(scale) {
  const ring = [];
  for (let seat = 0; seat < PEOPLE; seat += 1) {
    const turn = ((seat + 0.5) / PEOPLE) * 2 * Math.PI - Math.PI / 2;
    ring.push({ x: 0.5 + 0.31 * scale * Math.cos(turn), y: 0.5 + 0.31 * scale * Math.sin(turn), r: 0.082 * scale, colour: PAPER });
  }
  return [...ring, { x: 0.5, y: 0.5, r: 0.115 * scale, colour: AMBER }];
}

const hex = (colour) => `#${colour.map((part) => part.toString(16).padStart(2, "0")).join("")}`;

function svg({ ground, person }) {
  const circles = discs(1).map(({ x, y, r, colour }) => {
    const fill = colour === PAPER ? person : hex(colour);
    return `<circle cx="${(x * 64).toFixed(2)}" cy="${(y * 64).toFixed(2)}" r="${(r * 64).toFixed(2)}" fill="${fill}"/>`;
  });
  const square = ground ? `<rect width="64" height="64" rx="14" fill="${ground}"/>` : "";
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64" role="img" aria-label="Folkmoot">${square}${circles.join("")}</svg>\n`;
}

function insideGround(x, y, radius) {
  const dx = Math.max(radius - x, x - (1 - radius), 0);
  const dy = Math.max(radius - y, y - (1 - radius), 0);
  return dx * dx + dy * dy <= radius * radius;
}

function colourAt(x, y, shapes, radius) {
  if (!insideGround(x, y, radius)) return null;
  const hit = shapes.find((disc) => (x - disc.x) ** 2 + (y - disc.y) ** 2 <= disc.r ** 2);
  return hit ? hit.colour : GREEN;
}

/* One pixel: the mean of SAMPLES² points, so that edges are smooth. */
function pixel(px, py, size, shapes, radius) {
  const sum = [0, 0, 0];
  let covered = 0;
  for (let step = 0; step < SAMPLES * SAMPLES; step += 1) {
    const x = (px + ((step % SAMPLES) + 0.5) / SAMPLES) / size;
    const y = (py + (Math.floor(step / SAMPLES) + 0.5) / SAMPLES) / size;
    const colour = colourAt(x, y, shapes, radius);
    if (!colour) continue;
    covered += 1;
    for (const part of [0, 1, 2]) sum[part] += colour[part];
  }
  const mean = sum.map((part) => Math.round(part / Math.max(covered, 1)));
  return [...mean, Math.round((covered / (SAMPLES * SAMPLES)) * 255)];
}

function chunk(kind, data) {
  const body = Buffer.concat([Buffer.from(kind, "ascii"), data]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(data.length);
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(crc32(body) >>> 0);
  return Buffer.concat([length, body, sum]);
}

function png(size, { scale, radius }) {
  const shapes = discs(scale);
  const rows = Buffer.alloc(size * (size * 4 + 1));
  for (let y = 0; y < size; y += 1) {
    for (let x = 0; x < size; x += 1) {
      rows.set(pixel(x, y, size, shapes, radius), y * (size * 4 + 1) + 1 + x * 4);
    }
  }
  const head = Buffer.alloc(13);
  head.writeUInt32BE(size, 0);
  head.writeUInt32BE(size, 4);
  head.set([8, 6, 0, 0, 0], 8);
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  const parts = [chunk("IHDR", head), chunk("IDAT", deflateSync(rows, { level: 9 })), chunk("IEND", Buffer.alloc(0))];
  return Buffer.concat([signature, ...parts]);
}

export async function drawLogo(folder) {
  const rounded = { scale: 1, radius: 0.22 };
  const maskable = { scale: 0.8, radius: 0 }; // the launcher cuts it; everything that matters stays in the inner circle
  await Promise.all([
    writeFile(join(folder, "logo.svg"), svg({ ground: hex(GREEN), person: hex(PAPER) })),
    writeFile(join(folder, "mark.svg"), svg({ ground: "", person: hex(PAPER) })),
    writeFile(join(folder, "icon-192.png"), png(192, rounded)),
    writeFile(join(folder, "icon-512.png"), png(512, rounded)),
    writeFile(join(folder, "icon-maskable.png"), png(512, maskable)),
    writeFile(join(folder, "apple-touch-icon.png"), png(180, { scale: 0.95, radius: 0 })),
  ]);
}
