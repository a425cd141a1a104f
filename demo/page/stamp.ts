/** A filled circle as pixels: offsets from its centre, and how much of each pixel it covers (0 to 1). */
export interface Stamp {
  readonly reach: number
  readonly dx: Int8Array
  readonly dy: Int8Array
  readonly cover: Float32Array
}

/** A circle of `radius` pixels with a soft edge. */
export function circleStamp(radius: number): Stamp {
  const reach = Math.ceil(radius)
  const pixels: [number, number, number][] = []
  for (let dy = -reach; dy <= reach; dy++) {
    for (let dx = -reach; dx <= reach; dx++) {
      const cover = Math.min(1, radius + 0.5 - Math.hypot(dx, dy))
      if (cover > 0) pixels.push([dx, dy, cover])
    }
  }
  return {
    reach,
    dx: Int8Array.from(pixels, ([dx]) => dx),
    dy: Int8Array.from(pixels, ([, dy]) => dy),
    cover: Float32Array.from(pixels, ([, , cover]) => cover),
  }
}

/** Red, green and blue, 0 to 255. */
export type Rgb = readonly [number, number, number]

/** An image of one opaque colour. */
export function blankImage(width: number, height: number, [red, green, blue]: Rgb): ImageData {
  const image = new ImageData(width, height)
  const pixel = new Uint8ClampedArray([red, green, blue, 255])
  new Uint32Array(image.data.buffer).fill(new Uint32Array(pixel.buffer)[0] as number)
  return image
}

/** Blends `color` into the opaque `image` wherever the stamp, centred on pixel (x, y), covers it. */
export function blend(
  image: ImageData,
  stamp: Stamp,
  x: number,
  y: number,
  color: Rgb,
  opacity: number,
): void {
  const { width, height, data } = image
  for (let pixel = 0; pixel < stamp.cover.length; pixel++) {
    const column = x + (stamp.dx[pixel] as number)
    const row = y + (stamp.dy[pixel] as number)
    if (column < 0 || row < 0 || column >= width || row >= height) continue
    const share = (stamp.cover[pixel] as number) * opacity
    const at = (row * width + column) * 4
    data[at] = (data[at] as number) + (color[0] - (data[at] as number)) * share
    data[at + 1] = (data[at + 1] as number) + (color[1] - (data[at + 1] as number)) * share
    data[at + 2] = (data[at + 2] as number) + (color[2] - (data[at + 2] as number)) * share
  }
}
