/** Where package.json lies, beside src/ and beside dist/, which holds no folders. */
export const PACKAGE_ROOT: URL = new URL("..", import.meta.url);
