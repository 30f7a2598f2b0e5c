/*! conversation-store: generated from client/src by client/build.mjs; do not edit. MIT. */
/*!
With eventsource-parser 4.1.3:

MIT License

Copyright (c) 2026 Espen Hovlandsdal <espen@hovlandsdal.com>

Permission is hereby granted, free of charge, to any person obtaining a copy
of this software and associated documentation files (the "Software"), to deal
in the Software without restriction, including without limitation the rights
to use, copy, modify, merge, publish, distribute, sublicense, and/or sell
copies of the Software, and to permit persons to whom the Software is
furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all
copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR
IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY,
FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE
AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER
LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM,
OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE
SOFTWARE.
*/
class S extends Error{constructor(i,f){super(i),this.name="ParseError",this.type=f.type,this.field=f.field,this.value=f.value,this.line=f.line}}const $=10,P=13,y=32,R=6;function q(d){if(typeof d=="function")throw new TypeError("`config` must be an object, got a function instead. Did you mean `createParser({onEvent: fn})`?");const{maxBufferSize:i,onComment:f,onError:c,onEvent:x,onId:C,onRetry:O}=d,l=[];let v=0,p="",s,a="",u=0,A,b=!1,g=!1,E=!1;function G(e){if(b)throw new Error("Cannot feed parser: it was terminated after exceeding the configured max buffer size. Call `reset()` to resume parsing.");if(p!==void 0){if(e=p+e,e===""||e==="\xEF"||e==="\xEF\xBB"){p=e;return}p=void 0,e=e.replace(/^(?:\uFEFF|\xEF\xBB\xBF)/,"")}if((g||E)&&(e=H(e),!e))return;if(!l.length){const n=z(e);n!==""&&T(n),w();return}if(e.indexOf(`
`)===-1&&e.indexOf("\r")===-1){if(v<R){const n=l.join("")+e.slice(0,R-v);if(!j(n)){l.length=0,v=0,g=!0;return}}l.push(e),v+=e.length,w();return}l.push(e);const t=l.join("");l.length=0,v=0,T(z(t)),w()}function H(e){if(e.length===0)return e;if(E)return E=!1,e.charCodeAt(0)===$?e.slice(1):e;const t=e.indexOf("\r"),n=e.indexOf(`
`),o=t===-1?n:n===-1||t<n?t:n;return o===-1?"":o===e.length-1&&e.charCodeAt(o)===P?(g=!1,E=!0,""):(g=!1,e.slice(o+(e.charCodeAt(o)===P&&e.charCodeAt(o+1)===$?2:1)))}function T(e){if(e){if(e.charCodeAt(e.length-1)===P){if(L(e,0,e.length-1),w())return;E=!0;return}if(j(e)){l.push(e),v=e.length;return}g=!0}}function j(e){const t=e.charCodeAt(0);return t===58&&!!f||t===100&&h(e,"data")||t===101&&h(e,"event")||t===105&&h(e,"id")||t===114&&h(e,"retry")}function w(){return b?!0:i===void 0||v+a.length<=i?!1:(b=!0,l.length=0,v=0,s=void 0,a="",u=0,A=void 0,g=!1,E=!1,c?.(new S(`Buffered data exceeded max buffer size of ${i} characters`,{type:"max-buffer-size-exceeded"})),!0)}function z(e){let t=0;if(e.indexOf("\r")===-1){let r=e.indexOf(`
`,t);for(;r!==-1;){if(t===r){s!==void 0&&C?.(s),u>0&&x?.({id:s,event:A,data:a}),s=void 0,a="",u=0,A=void 0,t=r+1,r=e.indexOf(`
`,t);continue}const m=e.charCodeAt(t);if(_(e,t,m)){const B=e.charCodeAt(t+5)===y?t+6:t+5,I=e.slice(B,r);if(u===0&&e.charCodeAt(r+1)===$){s!==void 0&&C?.(s),x?.({id:s,event:A,data:I}),s=void 0,a="",A=void 0,t=r+2,r=e.indexOf(`
`,t);continue}a=u===0?I:`${a}
${I}`,u++}else X(e,t,m)?A=e.slice(e.charCodeAt(t+6)===y?t+7:t+6,r)||void 0:L(e,t,r);if(w())return"";t=r+1,r=e.indexOf(`
`,t)}return e.slice(t)}let n=e.indexOf("\r",t),o=e.indexOf(`
`,t);for(;t<e.length;){let r=-1;if(n!==-1&&o!==-1?r=n<o?n:o:n!==-1?n===e.length-1?r=-1:r=n:o!==-1&&(r=o),r===-1)break;if(L(e,t,r),w())return"";t=r+1,e.charCodeAt(t-1)===P&&e.charCodeAt(t)===$&&t++,n!==-1&&n<t&&(n=e.indexOf("\r",t)),o!==-1&&o<t&&(o=e.indexOf(`
`,t))}return e.slice(t)}function L(e,t,n){if(t===n){J();return}const o=e.charCodeAt(t);if(_(e,t,o)){const F=e.charCodeAt(t+5)===y?t+6:t+5,N=e.slice(F,n);a=u===0?N:`${a}
${N}`,u++;return}if(X(e,t,o)){A=e.slice(e.charCodeAt(t+6)===y?t+7:t+6,n)||void 0;return}if(o===105&&e.charCodeAt(t+1)===100&&e.charCodeAt(t+2)===58){const F=e.slice(e.charCodeAt(t+3)===y?t+4:t+3,n);F.includes("\0")||(s=F);return}if(o===58){if(f){const F=e.slice(t,n);f(F.slice(e.charCodeAt(t+1)===y?2:1))}return}const r=e.slice(t,n),m=r.indexOf(":");if(m===-1){D(r,"",r);return}const B=r.slice(0,m),I=r.charCodeAt(m+1)===y?2:1,U=r.slice(m+I);D(B,U,r)}function D(e,t,n){switch(e){case"event":A=t||void 0;break;case"data":a=u===0?t:`${a}
${t}`,u++;break;case"id":t.includes("\0")||(s=t);break;case"retry":/^\d+$/.test(t)?O?.(parseInt(t,10)):c?.(new S(`Invalid \`retry\` value: "${t}"`,{type:"invalid-retry",value:t,line:n}));break;default:c?.(new S(`Unknown field "${e.length>20?`${e.slice(0,20)}\u2026`:e}"`,{type:"unknown-field",field:e,value:t,line:n}));break}}function J(){s!==void 0&&C?.(s),u>0&&x?.({id:s,event:A,data:a}),s=void 0,a="",u=0,A=void 0}function M(e={}){if(e.consume&&l.length>0){const t=l.join("");L(t,0,t.length)}p="",s=void 0,a="",u=0,A=void 0,l.length=0,v=0,b=!1,g=!1,E=!1}return{feed:G,reset:M}}function _(d,i,f){return f===100&&d.charCodeAt(i+1)===97&&d.charCodeAt(i+2)===116&&d.charCodeAt(i+3)===97&&d.charCodeAt(i+4)===58}function X(d,i,f){return f===101&&d.charCodeAt(i+1)===118&&d.charCodeAt(i+2)===101&&d.charCodeAt(i+3)===110&&d.charCodeAt(i+4)===116&&d.charCodeAt(i+5)===58}function h(d,i){let f=1;for(;f<d.length&&f<i.length;){if(d.charCodeAt(f)!==i.charCodeAt(f))return!1;f++}return d.length<=i.length||d.charCodeAt(i.length)===58}const K=45e3;async function*Q(d,i,f){const c=d.getReader(),x=new TextDecoder,C=[],O=q({onEvent:l=>C.push(l)});try{for(;;){const{done:l,value:v}=await V(c.read(),i,f);if(l)return;O.feed(x.decode(v,{stream:!0}));for(const{event:p,id:s,data:a}of C.splice(0))p&&(yield{name:p,id:s,data:JSON.parse(a)})}}finally{f()}}async function V(d,i,f){const c=i.setTimeout(f,K);try{return await d}finally{i.clearTimeout(c)}}export{Q as readEvents};
