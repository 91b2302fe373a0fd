"""Upper and lower case in MySQL: of the collations of UCA 9.0, of other Unicode collations, and of latin1. Made
by tests/kit/collation_weights.py, packed as ``table`` says (a letter's "weight" is the other letter).
"""

from __future__ import annotations

UPPER_UCA_0900 = (
    "c-nPSO-L0{6rS_l(=a?=gN*WcnOQ`{3o=34n9?F7qD8Bg8gIl+5agn5(DN@d6%$R1r$GySWD!A0&>~F17PTluDEfh@Xd$$zuvMM8Gov%_J@379&Ueq"
    ">J?GpzX)+8{0uGSGVfl`LVG9ygZj_bUUIcF(M2KWqaSx6<`#MvDl&`G|)J|w;2WGW6>Lqs$r)2^&gaoocqeyIlwx*`$-V7rbjXKYxEy$-M$YDQfByx"
    "-1u|C?fI)jtw#BrQROLJZjM%A#w6i+Z-k+_>|u_^N>{UN@m?kJv7lPa$;q3+TK@eRRdlBU&tWtww}7t}+wpyrjwA1gdi{8T+sR;7fJ>4gG6r?Zzhhe"
    "7by0=+5F5~k*9r9eGujLmDr%gojW4HIw-XhKU9uFz#PPT~g*c3thdaQ=F7MDFiUwp}XSjWn}U;rt`aDzqc--g0r<opdqa_POYFb8fGT9v2(g-&q{sm"
    ")WH(SM$DIl1nFkO-qr<{=W*tpBV!gzI2h(x;ZKN9Et5nj~qR7gkBPory4vVyd}IQtkOG@3s|Rx9j!=A?Zn6)m@Ca|&1{<~b~us$rZ_jp{d3G29)+|s"
    "#eD@HDljKxvuZ!HdHfTQufiBGxEJ{b^e>vISB5;+ZZhPS1R%l<xf;z_(^d^EP0a}9(8dY@N4%iT5UwJX6&G#-v&3>!Yk9wxWN2=YXi8gxsGq+oBO#+"
    "UzHphtDjWlLxvWY$q`3g2R2C49=?t9G(K)0=-NANe6rB|d*%6%LXIfpZk^ULu^`SIrV74N1=*>(lMmmfHou|-L1p71{Rw1~tMC-(hN|yjxHQU(uYh9"
    "wZX(YLQPipj~R<llBkpB>EjZ=}9CJe~G;Fl7Vl+kn)kq4ZLw<!@<`NFl2ekwy%nvMCp_jQ_mXwa;C(d+GhK#qdc"
)

LOWER_UCA_0900 = (
    "c-oCpK}!`;6rS_VncFbD9x}@C5`Dc*;X)FkjgM*((ZWT)z+8lF+O@D~ms%ns@{rJpBC=AfClqBO2!TS2ETm1Fs7;tFr7WmO(9YcPKJQbA?%etAcfYy"
    "!-0z$_n~vk421#oG0-%5la0HAjngw^7&85{K-FA3;w~zm93>{pyWsDSQJc+!Vek_qY(3W_?O%j?Fn$@V1eS)TC^<%X>a1`yS*Yk<cCT}z9CFb$Oqv&"
    "BG-z8ah7H7~Yr=HrB8uSpB+&3;>_R?H0q5taK6};`H*WDz+rty{7XQiJ(x7%gqXBKIW7SXyztO6w;{mU0*sXVvno@kH_K8Jme2pf|W@WLdy>Qk8lC5"
    "g<$-jmpSrt$lzR~(N$dK!D9YwpOJI~IEn%QRLd9w^hsV^XEqyAgX+7zZYB8$U-qcdO*FKLo5(Qp;I-k=Xpx^{Wdf7}qG|=m&ix)r@nvPh2Oq4-~}Hb"
    "P=T`e!l9yYULc)NiiaML*zKb2uYptD56pD3u!%sD&%CU3ai|Xrj-mnH=r}iSru`}!GlZS%*uP_CN3rUMsiLdV~)M?cZ}t!eHg68Fz_Ldk1gn#S6D~#"
    "!!3{_w;%-8=wOj{D{K+zzDBhN?WwHE7y^xzPl3_dBH83LRROk-+ZKEaL%lU!5?BUNZJ7=6tEaoxE29Xh(O5BVcS$JHWWqI8(nTHisnuoMnN@md6$_>"
    "u7puKXud@nT5j!<sZq>u@L)t)p`ZZ^z6>5wuo?^}vucG|Bt344yW2WGsUh}*uaD#&x&%tSvRlHxbp+*xbo8GkMk#Uk<V7&<|HJ)5f%iE-}1nb%(t0s"
    "Y^r+Ljv=%NmEeJS;Sr&bTc>1^O&Dz@mMZ$8QHF9UsihX"
)

UPPER_UNICODE = (
    "c-nPQJxg3s5PfrI_HtR)MIJ#Gg=LE+5C|!@QzTWY)G36Z7&{>l5&wV^2q+OPL<>Ja0uf_K0&%euQdt-XVv~OmArP>TVCCF-zV+^h_v6fYGw05oxv!Z"
    "d3HpH)DB-d0ClHjCsp&O(ddne07!L!<CB;_U-yQaNfGVD%hDP|V1J5xD{TS0MMco0N*)VOm&iksWZ#1>?AA}Wt&)ASP!6|7%CtjS+e{@B%&pRyJyw0"
    "19HQuHFB&*6@iMIHFo%_hr<S*RhPaN!b#%Goz{>HvvQ|Sz;AjkA#PSai%fDvFAqr+&d;}0#)yqkGFy;NG(mwPlhj)|A34xuJm)i~->(bK*t{uklumC"
    "U_SM_J!_KzE9Yq}oJkbDr>)6gFuPhlDf2Pr^C<Chhz$T^F$1hp!h--!}ZL1xoY@lpwN+c5g-upBeFnE<(vQJ|_~Lg2|Atj*xG6wutLewxT|<nzfA<#"
    "3kK15Y?r)SLk(7d(%piZr?4)ZM5x$CM-)m>Tt?Dm8d4YznGI*)0|IPy1bN3T(eMWI1up+Gfl=DUC}fuAQN{GU4!>%vUO50v)pIq!$tUMH~IrbZU"
)

LOWER_UNICODE = (
    "c-nnXJxc>Y5WRVstjlpZjzhu`Vz@%A#3H4jSXlWBY%CP~148VR^j0F+h#dX^i*x}CE58s6Yr(=Im7PK==XSGkW5C(DcW>U!&c_u&5FkNmO@u&>2v`F"
    "n#;V}Nro>tTdu3&E^RKZjV{8$dXi3~I<z-+8r-WT8AIejr5`>_$*qmQ$$<=ltWA+HomB$Kh`ZVklp2WL!-zBL#z$dY0WlqRSM-MclgjJ|S)yIdDBj="
    "nhi4`PM^E*Oix+{vnu_~jBg>rAkxbxk?2IGu)8+#~-GpVaX)<<|fkRV5jx;!Z|P9+Tu8FL*=f*)k`6e`aoRQX*MCpBD+6yB)(*|!wPRzl#t16gM#WR"
    "HkzgK7>#$0Z?hBynQs6!u75Hc?Yxzsp3>9&UN#u<L1S!}S!eJJDvw0R}v~3(xE~^@jP<BTuqzGH*@oN(*_hsbBkER&1oyVBO;uZH}+}?`p0>>gLMLz"
    "`|PwWt?V!an%Gx&AhHh<^3NePcs?"
)

UPPER_LATIN1 = "c-muQU|?V}V$xyaVFR)bF*2QDWMW|wVgLy@F)}bQF#tut6bq0909c3vj{"

LOWER_LATIN1 = "c-muQU|?V}V$xyaVFR+77@5v6GO;iTF@S^*F)}bQF#tut6bq09096PBj{"
