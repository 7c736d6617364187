/** Style sheets are bundled by the build into one file beside the script. */
declare module "*.css";
