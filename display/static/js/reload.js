// For browsers that know no modules: the page is fetched anew from time to time, as it is
// without any script. Old syntax on purpose.
(function () {
  var seconds = Number(document.currentScript.getAttribute("data-seconds"));
  if (seconds > 0) setTimeout(function () { location.reload(); }, seconds * 1000);
})();
