// Pictures: made small on the phone, sent in pieces that go on where the net broke off.

import { ask, Trouble } from './net.js';
import { newId } from './dom.js';

const LONG_SIDE = 2000;
const QUALITY = 0.82;
const SMALL_ENOUGH = 600 * 1024;
const CHUNK = 256 * 1024;
const LEAST_CHUNK = 32 * 1024;

/**
 * @param {Blob} file
 * @returns {Promise<ImageBitmap|HTMLImageElement>}
 */
async function decode(file) {
  if (typeof createImageBitmap === 'function') {
    try {
      return await createImageBitmap(file, { imageOrientation: 'from-image' });
    } catch (e) {
      // An older browser without the option, or a kind it cannot decode: <img> decides.
    }
  }
  const url = URL.createObjectURL(file);
  try {
    return await new Promise((resolve, reject) => {
      const img = new Image();
      img.onload = () => resolve(img);
      img.onerror = () => reject(new Error('unreadable'));
      img.src = url;
    });
  } finally {
    URL.revokeObjectURL(url);
  }
}

/**
 * A picture as it goes up: long side 2000 px, JPEG. Small ones, wanted originals, what cannot be decoded here
 * (HEIC: the server converts it) and what would not get smaller stay as they are.
 * @param {File} file
 * @param {boolean} original
 * @returns {Promise<{blob: Blob, name: string}>}
 */
export async function shrink(file, original) {
  if (original || file.size < SMALL_ENOUGH || !/^image\//.test(file.type)) return { blob: file, name: file.name };
  try {
    const image = await decode(file);
    const scale = Math.min(1, LONG_SIDE / Math.max(image.width, image.height));
    const canvas = document.createElement('canvas');
    canvas.width = Math.max(1, Math.round(image.width * scale));
    canvas.height = Math.max(1, Math.round(image.height * scale));
    const pen = canvas.getContext('2d');
    pen.fillStyle = '#fff';
    pen.fillRect(0, 0, canvas.width, canvas.height);
    pen.drawImage(image, 0, 0, canvas.width, canvas.height);
    if ('close' in image) image.close();
    const blob = await new Promise((resolve) => canvas.toBlob(resolve, 'image/jpeg', QUALITY));
    if (!blob || blob.size >= file.size) return { blob: file, name: file.name };
    return { blob, name: file.name.replace(/\.\w+$/, '') + '.jpg' };
  } catch (e) {
    return { blob: file, name: file.name };
  }
}

/**
 * @param {File} file
 * @param {boolean} original
 * @returns {Promise<import('./store.js').Piece>}
 */
export async function piece(file, original) {
  const small = await shrink(file, original);
  return { upload: newId(), name: small.name, size: small.blob.size, blob: small.blob, offset: 0, done: false, failed: '' };
}

let chunk = CHUNK;

/**
 * Sends what is still missing of a piece. The server says from where.
 * @param {import('./store.js').Piece} one
 * @param {(share: number) => void} progress from 0 to 1
 * @returns {Promise<void>} throws Trouble
 */
export async function upload(one, progress) {
  let offset = (await ask('POST', '/api/uploads', { upload: one.upload, name: one.name, size: one.size })).offset;
  while (offset < one.size) {
    progress(offset / one.size);
    const end = Math.min(one.size, offset + chunk);
    try {
      const answer = await ask('PUT', `/api/uploads/${one.upload}?offset=${offset}`, one.blob.slice(offset, end), { timeout: 45000 });
      offset = answer.offset;
    } catch (e) {
      // A thin line takes smaller pieces.
      if (e instanceof Trouble && e.kind === 'net') chunk = Math.max(LEAST_CHUNK, chunk / 2);
      throw e;
    }
    one.offset = offset;
  }
  await ask('POST', `/api/uploads/${one.upload}/finish`);
  one.done = true;
  progress(1);
}
