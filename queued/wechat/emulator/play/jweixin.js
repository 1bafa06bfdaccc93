// What the demonstration's WeChat gives to pages instead of WeChat's own JS-SDK: `wx.config` with
// a signature that is checked, and <wx-open-subscribe> as a frame, as WeChat does it.
(() => {
  const base = new URL(document.currentScript.src).origin;

  function open(element, { appId, timestamp, nonceStr, signature }) {
    const inner = element.querySelector("template:not([slot])");
    const query = new URLSearchParams({
      template: element.getAttribute("template"),
      appid: appId,
      timestamp,
      nonce: nonceStr,
      signature,
      url: location.href.split("#")[0],
      text: inner ? inner.content.textContent.trim() : "",
    });
    const frame = document.createElement("iframe");
    frame.src = `${base}/open/subscribe?${query}`;
    frame.title = "微信";
    frame.height = "150";
    frame.width = "100%";
    element.append(frame);
    addEventListener("message", ({ origin, source, data }) => {
      if (origin !== base || source !== frame.contentWindow) return;
      element.dispatchEvent(new CustomEvent(data.type, { detail: data.detail }));
    });
  }

  window.wx = {
    config(settings) {
      if (!(settings.openTagList || []).includes("wx-open-subscribe")) return;
      for (const element of document.querySelectorAll("wx-open-subscribe")) open(element, settings);
    },
    ready() {},
    error() {},
  };
})();
