// What a picture looks like from far away: how much is drawn in each of its cells, as one character each. Letters that are set or
// smoothed a little differently leave it as it is; what is moved, missing, or of another colour does not.

/** A cell is about so large, in pixels. */
const CELL = 80;
/** 64 steps: from nothing that differs from the ground to all of it, as much as black and white do. */
const STEPS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz+/';
/** A cell that is further off is another one: half as much again is drawn in it, or a third less. */
const NEAR = 5;
/** Such a share of the cells may be others. */
const ALLOWED = 0.025;

/** The cells of a picture, a line of characters a row: by how much its pixels differ from `ground`, as a logarithm. `page` only computes. */
export async function look(page, png, ground) {
  const { width, means } = await page.evaluate(async ([picture, cell, ground]) => {
    const image = new Image();
    image.src = `data:image/png;base64,${picture}`;
    await image.decode();
    const context = new OffscreenCanvas(image.width, image.height).getContext('2d');
    context.drawImage(image, 0, 0);
    const { data } = context.getImageData(0, 0, image.width, image.height);
    const [width, height] = [image.width, image.height].map((length) => Math.round(length / cell));
    const [sums, counts] = [new Float64Array(width * height), new Float64Array(width * height)];
    const [red, green, blue] = ground;
    // A million pixels: nothing here but arithmetic.
    for (let y = 0, at = 0; y < image.height; y += 1) {
      const row = Math.floor(y * height / image.height) * width;
      for (let x = 0; x < image.width; x += 1, at += 4) {
        const place = row + Math.floor(x * width / image.width);
        sums[place] += Math.max(Math.abs(data[at] - red), Math.abs(data[at + 1] - green), Math.abs(data[at + 2] - blue));
        counts[place] += 1;
      }
    }
    return { width, means: [...sums].map((sum, place) => sum / counts[place]) };
  }, [png.toString('base64'), CELL, ground]);
  const steps = means.map((mean) => STEPS[Math.min(STEPS.length - 1, Math.round(8 * Math.log2(1 + mean)))]);
  return Array.from({ length: steps.length / width }, (_, row) => steps.slice(row * width, (row + 1) * width).join(''));
}

/** The places of the cells that are not as in `then`; all, where that is no picture of the same size. */
export function others(now, then) {
  const [a, b] = [now, then].map((rows) => [...rows.join('')].map((step) => STEPS.indexOf(step)));
  return a.flatMap((step, place) => (a.length === b.length && Math.abs(step - b[place]) <= NEAR ? [] : [place]));
}

/** Whether so many of its cells make it another picture. */
export const isOther = (places, rows) => places.length > Math.max(1, ALLOWED * rows.join('').length);

/** The picture with a frame around each of those cells. */
export async function framed(page, png, rows, places) {
  const picture = await page.evaluate(async ([picture, width, height, places]) => {
    const image = new Image();
    image.src = `data:image/png;base64,${picture}`;
    await image.decode();
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [image.width, image.height];
    const context = canvas.getContext('2d');
    context.drawImage(image, 0, 0);
    context.strokeStyle = '#f0f';
    context.lineWidth = 3;
    const [wide, high] = [image.width / width, image.height / height];
    for (const place of places) context.strokeRect((place % width) * wide, Math.floor(place / width) * high, wide, high);
    return canvas.toDataURL('image/png').split(',')[1];
  }, [png.toString('base64'), rows[0].length, rows.length, places]);
  return Buffer.from(picture, 'base64');
}
