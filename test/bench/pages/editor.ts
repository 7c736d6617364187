/** The Review page as it is, with its time in KaTeX and its keys measured. */
import "./measured.js";
import "../../../webview/review/main.js";
