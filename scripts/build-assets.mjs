/* Builds the front end: folkmoot/web/assets → folkmoot/web/static/built. Run by `npm run build`; --watch repeats it. */

import { mkdir, readFile, readdir, rename, rm, writeFile } from "node:fs/promises";
import { watch } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, gzipSync } from "node:zlib";

import * as esbuild from "esbuild";
import { PurgeCSS } from "purgecss";

import { drawLogo } from "./draw-logo.mjs";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const PACKAGE = join(ROOT, "folkmoot");
const ASSETS = join(PACKAGE, "web", "assets");
const RESULT = join(PACKAGE, "web", "static", "built");
const BUILT = join(ROOT, ".cache", "built"); // moved to its place when all is well, so that a failed build breaks nothing
const MODULES = join(ROOT, "node_modules");
const TARGET = ["chrome123", "firefox121", "safari17.5"];

/* The subsets of the text face that the five languages need; the browser loads only those a page shows. */
const FACE_SUBSETS = ["latin", "latin-ext", "cyrillic", "cyrillic-ext"];

/* Classes that no template spells out: made by Django's forms, by htmx while it works, or by the islands. */
const KEPT_CLASSES = {
  standard: ["show", "active", "disabled", "is-invalid", "invalid-feedback", "form-control", "form-select", "form-check"],
  deep: [/^htmx-/, /data-bs-theme/],
};

async function sources(folder, endings) {
  const found = [];
  for (const entry of await readdir(folder, { withFileTypes: true, recursive: true })) {
    const path = join(entry.parentPath, entry.name);
    const ours = entry.isFile() && endings.some((ending) => entry.name.endsWith(ending));
    if (ours && !/[\\/](tests|migrations|static|locale)[\\/]/.test(path)) found.push(path);
  }
  return found.sort();
}

/* `{% icon "name" %}`, `icon="name"` in a template tag or in Python, and the names in assets/icons.txt. */
async function iconNames() {
  const names = new Map();
  for (const path of await sources(PACKAGE, [".html", ".py"])) {
    const text = await readFile(path, "utf8");
    for (const match of text.matchAll(/\{% icon "([a-z0-9-]+)"|\bicon="([a-z0-9-]+)"/g)) {
      names.set(match[1] ?? match[2], relative(ROOT, path));
    }
  }
  const listed = await readFile(join(ASSETS, "icons.txt"), "utf8");
  for (const line of listed.split("\n")) {
    const name = line.replace(/#.*/, "").trim();
    if (name) names.set(name, "icons.txt");
  }
  return names;
}

async function buildSprite() {
  const symbols = [];
  for (const [name, place] of [...(await iconNames())].sort()) {
    const [folder, file] = name.startsWith("filled-") ? ["filled", name.slice(7)] : ["outline", name];
    let svg;
    try {
      svg = await readFile(join(MODULES, "@tabler", "icons", "icons", folder, `${file}.svg`), "utf8");
    } catch {
      throw new Error(`${place} asks for the icon "${name}", which Tabler doesn't have; see tabler.io/icons`);
    }
    const shapes = svg
      .replace(/^[\s\S]*?<svg[^>]*>/, "")
      .replace("</svg>", "")
      .replace(/<path stroke="none" d="M0 0h24v24H0z" fill="none" ?\/>/, "")
      .replace(/\s*\n\s*/g, "");
    symbols.push(`<symbol id="${name}" viewBox="0 0 24 24">${shapes}</symbol>`);
  }
  const sprite = `<svg xmlns="http://www.w3.org/2000/svg">${symbols.join("")}</svg>`;
  await writeFile(join(BUILT, "icons.svg"), sprite);
}

/* Tabler without what no page uses, in a cascade layer of its own so that our tokens win without !important. */
async function purgedKit() {
  const [result] = await new PurgeCSS().purge({
    content: await sources(PACKAGE, [".html", ".ts", ".py"]),
    css: [{ raw: await readFile(join(MODULES, "@tabler", "core", "dist", "css", "tabler.css"), "utf8") }],
    safelist: KEPT_CLASSES,
    keyframes: true,
    variables: false,
  });
  return `@layer kit {\n${result.css.replace('@charset "UTF-8";', "")}\n}`;
}

async function faces() {
  const folder = join(MODULES, "@fontsource-variable", "onest");
  const css = await readFile(join(folder, "wght.css"), "utf8");
  const kept = css
    .split("/* onest-")
    .filter((part) => FACE_SUBSETS.some((subset) => part.startsWith(`${subset}-wght-normal`)));
  return kept.map((part) => `/* ${part}`.replaceAll("./files/", `${folder}/files/`)).join("\n");
}

async function buildStyles() {
  const virtual = {
    name: "kit-and-faces",
    setup(build) {
      build.onResolve({ filter: /^virtual:/ }, (args) => ({ path: args.path, namespace: "virtual" }));
      build.onLoad({ filter: /.*/, namespace: "virtual" }, async (args) => ({
        contents: args.path === "virtual:kit" ? await purgedKit() : await faces(),
        loader: "css",
        resolveDir: ROOT,
      }));
    },
  };
  await esbuild.build({
    entryPoints: { app: join(ASSETS, "styles", "app.css") },
    outdir: BUILT,
    bundle: true,
    minify: true,
    target: TARGET,
    loader: { ".woff2": "file" },
    assetNames: "[name]",
    plugins: [virtual],
    logLevel: "warning",
  });
}

async function buildScripts() {
  await esbuild.build({
    entryPoints: {
      app: join(ASSETS, "scripts", "app.ts"),
      chart: join(ASSETS, "scripts", "chart.ts"),
    },
    outdir: BUILT,
    bundle: true,
    minify: true,
    format: "iife",
    target: TARGET,
    legalComments: "linked",
    logLevel: "warning",
  });
}

/* Packed once here, so that the server need not pack at every request: it sends name.br or name.gz to those who read it. */
async function pack() {
  const rows = [];
  for (const name of (await readdir(BUILT)).sort()) {
    const content = await readFile(join(BUILT, name));
    const row = { file: name, bytes: content.length, gzip: null, brotli: null };
    if (/\.(css|js|svg|txt)$/.test(name)) {
      const [gzip, brotli] = [gzipSync(content, { level: 9 }), brotliCompressSync(content)];
      await writeFile(join(BUILT, `${name}.gz`), gzip);
      await writeFile(join(BUILT, `${name}.br`), brotli);
      Object.assign(row, { gzip: gzip.length, brotli: brotli.length });
    }
    rows.push(row);
  }
  console.table(rows);
}

async function build() {
  await rm(BUILT, { recursive: true, force: true });
  await mkdir(BUILT, { recursive: true });
  await Promise.all([buildSprite(), buildStyles(), buildScripts(), drawLogo(BUILT)]);
  await pack();
  await rm(RESULT, { recursive: true, force: true });
  await mkdir(dirname(RESULT), { recursive: true });
  await rename(BUILT, RESULT);
}

await build();
if (process.argv.includes("--watch")) {
  let timer;
  watch(PACKAGE, { recursive: true }, (_event, name) => {
    if (!name || !/\.(html|py|ts|css|txt)$/.test(name) || name.includes("built")) return;
    clearTimeout(timer);
    timer = setTimeout(() => build().catch((error) => console.error(error.message)), 200);
  });
}
